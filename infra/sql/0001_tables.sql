-- Result rows. A row is identified by (topic, partition, offset, model, version); the sink never
-- writes one twice, and repeated blocks are dropped by their insert_deduplication_token.
CREATE TABLE IF NOT EXISTS classifications
(
    event_id      String,
    topic         LowCardinality(String),
    partition     UInt32,
    offset        UInt64 CODEC(Delta, ZSTD),
    record_time   DateTime64(3, 'UTC') COMMENT 'broker record time',
    event_time    DateTime64(3, 'UTC'),
    classified_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    source        LowCardinality(String),
    attributes    Map(LowCardinality(String), String),
    text          String CODEC(ZSTD(3)),
    label         LowCardinality(String),
    score         Float32,
    probabilities Map(LowCardinality(String), Float32) COMMENT 'the most probable labels',
    model         LowCardinality(String),
    version       LowCardinality(String),
    role          Enum8('champion' = 1, 'challenger' = 2, 'shadow' = 3),
    tokens        UInt32,
    truncated     Bool,
    queue_ms      Float32 COMMENT 'waiting for a batch',
    infer_ms      Float32 COMMENT 'run time of the batch',
    total_ms      Float32 DEFAULT greatest(0, toUnixTimestamp64Milli(now64(3)) - toUnixTimestamp64Milli(record_time))
                  COMMENT 'from the broker record time to this row',
    INDEX by_event_id event_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_time classified_at TYPE minmax GRANULARITY 1,
    INDEX by_label label TYPE set(256) GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(classified_at)
ORDER BY (topic, partition, offset, model, version)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS inference_batches
(
    at            DateTime64(3, 'UTC'),
    size          UInt32 COMMENT 'texts',
    tokens        UInt32,
    padded_tokens UInt32,
    wait_ms       Float32 COMMENT 'wait of the oldest text',
    run_ms        Float32,
    worker        UInt16,
    model         LowCardinality(String),
    version       LowCardinality(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (model, version, at)
TTL toDateTime(at) + INTERVAL 30 DAY;

CREATE TABLE IF NOT EXISTS dead_letters
(
    code          LowCardinality(String),
    message       String,
    stage         LowCardinality(String),
    topic         LowCardinality(String),
    partition     UInt32,
    offset        UInt64,
    record_time   DateTime64(3, 'UTC'),
    rejected_at   DateTime64(3, 'UTC'),
    key           String,
    payload       String COMMENT 'the value as it arrived, cut to 64 KiB',
    payload_bytes UInt64 COMMENT 'its length before cutting'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(rejected_at)
ORDER BY (topic, partition, offset)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS labels
(
    event_id    String,
    label       LowCardinality(String),
    labelled_at DateTime64(3, 'UTC'),
    labelled_by LowCardinality(String) COMMENT 'a person, or "producer" when the event came with it'
)
ENGINE = ReplacingMergeTree
ORDER BY (event_id, labelled_by, labelled_at)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS model_releases
(
    at      DateTime64(3, 'UTC'),
    kind    Enum8('publish' = 1, 'promote' = 2, 'swap' = 3, 'refusal' = 4, 'rollback' = 5),
    model   LowCardinality(String),
    version LowCardinality(String),
    by      String COMMENT 'host and process, or the person who asked',
    reason  String
)
ENGINE = MergeTree
ORDER BY (model, at);

CREATE TABLE IF NOT EXISTS training_runs
(
    run           String,
    at            DateTime64(3, 'UTC'),
    kind          LowCardinality(String) COMMENT 'train, cv or trial',
    model         LowCardinality(String),
    version       LowCardinality(String),
    method        LowCardinality(String),
    parameters    Map(String, String),
    metrics       Map(String, Float64),
    data_manifest String COMMENT 'JSON',
    artifact_hash String,
    seconds       Float64
)
ENGINE = MergeTree
ORDER BY (at, run);
