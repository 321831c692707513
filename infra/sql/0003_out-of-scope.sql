-- How far a text is from what its model knows; NULL in rows older than the column.
ALTER TABLE classifications ADD COLUMN IF NOT EXISTS
    out_of_scope Nullable(Float32) COMMENT 'how far the text is from what the model knows, 0 to 1' AFTER score;
