-- What callers with the scope admin did, or tried to do. Rows are only added.
CREATE TABLE IF NOT EXISTS audit
(
    at         DateTime64(3, 'UTC'),
    request_id String COMMENT 'the X-Request-Id of the request; empty for a command',
    by         String COMMENT 'the name of the API key, or "gateway" where it has no keys',
    action     LowCardinality(String) COMMENT 'for example models.promote',
    target     String COMMENT 'what it was done to, for example mail@2',
    outcome    Enum8('done' = 1, 'refused' = 2, 'failed' = 3),
    reason     String COMMENT 'why, in the words of the caller',
    code       LowCardinality(String) COMMENT 'the error code of what was refused or failed',
    message    String COMMENT 'the sentence of the refusal'
)
ENGINE = MergeTree
ORDER BY (at, request_id)
SETTINGS non_replicated_deduplication_window = 10000;
