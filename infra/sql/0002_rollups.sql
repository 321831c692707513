-- Per-minute rollups kept by materialized views, read through the views label_counts and latency.
-- The minute is that of classification.
CREATE TABLE IF NOT EXISTS label_counts_minute
(
    minute  DateTime('UTC'),
    source  LowCardinality(String),
    model   LowCardinality(String),
    version LowCardinality(String),
    label   LowCardinality(String),
    events  SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, source, model, version, label)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS label_counts_feed TO label_counts_minute AS
SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, source, model, version, label,
       count() AS events
FROM classifications
GROUP BY minute, source, model, version, label;

CREATE VIEW IF NOT EXISTS label_counts AS
SELECT minute, source, model, version, label, sum(events) AS events
FROM label_counts_minute
GROUP BY minute, source, model, version, label;

CREATE TABLE IF NOT EXISTS latency_minute
(
    minute    DateTime('UTC'),
    model     LowCardinality(String),
    version   LowCardinality(String),
    events    SimpleAggregateFunction(sum, UInt64),
    quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float32)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, model, version)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS latency_feed TO latency_minute AS
SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, model, version,
       count() AS events, quantilesTDigestState(0.5, 0.95, 0.99)(total_ms) AS quantiles
FROM classifications
GROUP BY minute, model, version;

CREATE VIEW IF NOT EXISTS latency AS
SELECT minute, model, version, events, q[1] AS p50_ms, q[2] AS p95_ms, q[3] AS p99_ms
FROM
(
    SELECT minute, model, version, sum(events) AS events,
           quantilesTDigestMerge(0.5, 0.95, 0.99)(quantiles) AS q
    FROM latency_minute
    GROUP BY minute, model, version
);
