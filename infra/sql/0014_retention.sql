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
