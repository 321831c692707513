-- Which model of a cascade answered: small or full. Empty for versions that are no cascade, and in rows
-- older than the column.
ALTER TABLE classifications ADD COLUMN IF NOT EXISTS
    answered_by LowCardinality(String) COMMENT 'the model of a cascade that answered: small, full or empty' AFTER truncated;
