-- Rollups are projections of classifications: they lie within the parts of the rows that they count,
-- and land with them or not at all. Tables that materialized views fill do not: a server that is killed
-- in the middle of an insert leaves rows that no rollup has. The views stay as they are to their readers.
ALTER TABLE classifications ADD PROJECTION IF NOT EXISTS label_counts_minute
(
    SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, source, model, version, role,
           label, count()
    GROUP BY minute, source, model, version, role, label
);

ALTER TABLE classifications ADD PROJECTION IF NOT EXISTS latency_minute
(
    SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, model, version, role, attempt,
           count(), quantilesTDigest(0.5, 0.95, 0.99)(total_ms)
    GROUP BY minute, model, version, role, attempt
);

-- Rows that are deleted leave the rollups, too.
ALTER TABLE classifications MODIFY SETTING lightweight_mutation_projection_mode = 'rebuild';

CREATE OR REPLACE VIEW label_counts AS
SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, source, model, version, label,
       count() AS events
FROM classifications
WHERE role != 'shadow'
GROUP BY minute, source, model, version, label;

-- What was sent again waited for a person: it says nothing of the latency of the stream.
CREATE OR REPLACE VIEW latency AS
SELECT minute, model, version, events, q[1] AS p50_ms, q[2] AS p95_ms, q[3] AS p99_ms
FROM
(
    SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, model, version,
           count() AS events, quantilesTDigest(0.5, 0.95, 0.99)(total_ms) AS q
    FROM classifications
    WHERE attempt = 0 AND role != 'shadow'
    GROUP BY minute, model, version
);

DROP VIEW IF EXISTS label_counts_feed;

DROP VIEW IF EXISTS latency_feed;

DROP TABLE IF EXISTS label_counts_minute;

DROP TABLE IF EXISTS latency_minute;

-- For the rows that are there already; it goes on in the background.
ALTER TABLE classifications MATERIALIZE PROJECTION IF EXISTS label_counts_minute;

ALTER TABLE classifications MATERIALIZE PROJECTION IF EXISTS latency_minute;
