-- Dead letters can be sent again. `attempt` says how many times an event had been sent again when its
-- row or dead letter was written; 0 is the event itself.
ALTER TABLE classifications ADD COLUMN IF NOT EXISTS
    attempt UInt32 DEFAULT 0 COMMENT 'how many times the event had been sent again';
ALTER TABLE classifications ADD INDEX IF NOT EXISTS by_attempt attempt TYPE minmax GRANULARITY 1;
ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS
    payload_base64 String DEFAULT '' COMMENT 'the kept bytes, where payload cannot show them';
ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS
    payload_topic LowCardinality(String) DEFAULT ''
    COMMENT 'where the payload is from, if not from topic';
ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS
    key_base64 String DEFAULT '' COMMENT 'the key, where key cannot show it';
ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS
    model LowCardinality(String) DEFAULT ''
    COMMENT 'whose consumer rejected it; empty: a stage that serves every model';
ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS
    attempt UInt32 DEFAULT 0 COMMENT 'how many times the event had been sent again';

-- What was sent again, by whom. Written after the broker has it.
CREATE TABLE IF NOT EXISTS dead_letter_replays
(
    topic       LowCardinality(String),
    partition   UInt32,
    offset      UInt64,
    record_time DateTime64(3, 'UTC'),
    attempt     UInt32,
    code        LowCardinality(String) COMMENT 'of the dead letter',
    sent_at     DateTime64(3, 'UTC'),
    sent_by     String COMMENT 'user and host'
)
ENGINE = MergeTree
ORDER BY (topic, partition, offset, attempt)
SETTINGS non_replicated_deduplication_window = 10000;

-- The dead letters that still count: neither did a later attempt at the event give a row, nor another
-- dead letter. One for each event, and for each model where several consume the topic.
CREATE VIEW IF NOT EXISTS open_dead_letters AS
SELECT topic, partition, offset, record_time, model, attempt, code, message, stage, rejected_at,
       key, key_base64, payload, payload_bytes, payload_base64, payload_topic
FROM
(
    SELECT *,
           max(attempt) OVER (PARTITION BY topic, partition, offset, record_time) AS latest,
           maxIf(attempt, model = '')
               OVER (PARTITION BY topic, partition, offset, record_time) AS latest_shared,
           max(attempt)
               OVER (PARTITION BY topic, partition, offset, record_time, model) AS latest_own
    FROM dead_letters
)
WHERE attempt = if(model = '', latest, greatest(latest_own, latest_shared))
  AND (topic, partition, offset, record_time, model) NOT IN
  (
      SELECT topic, partition, offset, record_time, arrayJoin(['', model])
      FROM classifications
      WHERE attempt > 0 AND role != 'shadow'
  )
  AND (topic, partition, offset, record_time) NOT IN
  (
      SELECT topic, partition, offset, record_time FROM labels WHERE topic != ''
  )
LIMIT 1 BY topic, partition, offset, record_time, model;

-- What was sent again waited for a person: it says nothing of the latency of the stream.
ALTER TABLE latency_feed MODIFY QUERY
SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, model, version,
       count() AS events, quantilesTDigestState(0.5, 0.95, 0.99)(total_ms) AS quantiles
FROM classifications
WHERE attempt = 0 AND role != 'shadow'
GROUP BY minute, model, version;
