-- When a row was written, by which retention counts the age of a label: labelled_at may lie years back.
-- Labels that are there already count from this migration.
ALTER TABLE labels ADD COLUMN IF NOT EXISTS
    stored_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when the row was written';

-- The retention that Winnow has set up, newest last; 0 days is for ever.
CREATE TABLE IF NOT EXISTS retention_periods
(
    at        DateTime64(3, 'UTC') DEFAULT now64(3),
    text_days UInt32,
    row_days  UInt32
)
ENGINE = MergeTree
ORDER BY at
SETTINGS non_replicated_deduplication_window = 0;

-- Where forgotten events entered, so that a record that Kafka delivers once more makes no row again.
CREATE TABLE IF NOT EXISTS forgotten_events
(
    topic        LowCardinality(String),
    partition    UInt32,
    offset       UInt64,
    record_time  DateTime64(3, 'UTC'),
    forgotten_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, record_time)
SETTINGS non_replicated_deduplication_window = 0;

-- Counts and times of minutes whose rows may be gone, filled by the server while rows expire. A minute
-- may be copied several times; the copy with the most events was made when all its rows were there.
CREATE TABLE IF NOT EXISTS label_counts_kept
(
    minute  DateTime('UTC'),
    source  LowCardinality(String),
    model   LowCardinality(String),
    version LowCardinality(String),
    label   LowCardinality(String),
    events  SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (minute, source, model, version, label);

CREATE TABLE IF NOT EXISTS latency_kept
(
    minute  DateTime('UTC'),
    model   LowCardinality(String),
    version LowCardinality(String),
    figures SimpleAggregateFunction(max, Tuple(UInt64, Float32, Float32, Float32))
            COMMENT 'events, p50_ms, p95_ms, p99_ms'
)
ENGINE = AggregatingMergeTree
ORDER BY (minute, model, version);

-- From this minute on, no row has expired. It never goes back: longer retention brings no row back.
CREATE VIEW IF NOT EXISTS rows_complete_since AS
SELECT max(if(row_days = 0, toDateTime(0, 'UTC'),
              toStartOfMinute(ends - toIntervalDay(row_days)) + 60)) AS minute
FROM
(
    SELECT row_days,
           toDateTime(leadInFrame(at, 1, now64(3)) OVER (
               ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING), 'UTC') AS ends
    FROM retention_periods
);

CREATE OR REPLACE VIEW label_counts AS
SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, source, model, version, label,
       count() AS events
FROM classifications
WHERE role != 'shadow'
  AND toStartOfMinute(toDateTime(classified_at, 'UTC')) >= (SELECT minute FROM rows_complete_since)
GROUP BY minute, source, model, version, label
UNION ALL
SELECT minute, source, model, version, label, max(kept.events) AS events
FROM label_counts_kept AS kept
WHERE minute < (SELECT minute FROM rows_complete_since)
GROUP BY minute, source, model, version, label;

CREATE OR REPLACE VIEW latency AS
SELECT minute, model, version, events, q[1] AS p50_ms, q[2] AS p95_ms, q[3] AS p99_ms
FROM
(
    SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, model, version,
           count() AS events, quantilesTDigest(0.5, 0.95, 0.99)(total_ms) AS q
    FROM classifications
    WHERE attempt = 0 AND role != 'shadow'
      AND toStartOfMinute(toDateTime(classified_at, 'UTC')) >= (SELECT minute FROM rows_complete_since)
    GROUP BY minute, model, version
)
UNION ALL
SELECT minute, model, version, f.1 AS events, f.2 AS p50_ms, f.3 AS p95_ms, f.4 AS p99_ms
FROM
(
    SELECT minute, model, version, max(figures) AS f
    FROM latency_kept
    WHERE minute < (SELECT minute FROM rows_complete_since)
    GROUP BY minute, model, version
);
