-- Events that the filter of an input leaves out. They have neither a row nor a dead letter, so that
-- only this says that they were not lost. Each is a few bytes. An event that is read again after a crash
-- is written again, and counts once.
CREATE TABLE IF NOT EXISTS filtered_events
(
    topic       LowCardinality(String) COMMENT 'the topic of the input',
    partition   UInt32,
    offset      UInt64 CODEC(Delta, ZSTD),
    record_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    model       LowCardinality(String)
        COMMENT 'whose consumer left it out; empty: a stage that serves every model'
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, model)
SETTINGS non_replicated_deduplication_window = 0;
