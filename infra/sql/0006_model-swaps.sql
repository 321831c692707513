-- A swap says from which offset of a partition on the rows are of the new version.
ALTER TABLE model_releases ADD COLUMN IF NOT EXISTS topic LowCardinality(String) DEFAULT '';
ALTER TABLE model_releases ADD COLUMN IF NOT EXISTS partition UInt32 DEFAULT 0;
ALTER TABLE model_releases ADD COLUMN IF NOT EXISTS offset UInt64 DEFAULT 0;
ALTER TABLE model_releases MODIFY SETTING non_replicated_deduplication_window = 10000;
