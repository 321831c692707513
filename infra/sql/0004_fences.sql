-- Which consumer owns a partition: the row with the highest number. Fenced inserts compare their
-- token with it as they begin. A few rows a rebalance.
CREATE TABLE IF NOT EXISTS partition_fences
(
    consumer_group String,
    topic          String,
    partition      UInt32,
    number         UInt64,
    token          String,
    raised_at      DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY (consumer_group, topic, partition, number)
SETTINGS non_replicated_deduplication_window = 0;
