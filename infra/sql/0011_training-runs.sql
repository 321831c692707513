-- Folds and trials have rows of their own, and every run says how it went and what it ran on.
ALTER TABLE training_runs MODIFY COLUMN IF EXISTS
    kind LowCardinality(String) COMMENT 'train, cv, fold, tune or trial';
ALTER TABLE training_runs ADD COLUMN IF NOT EXISTS
    parent String DEFAULT '' COMMENT 'of a fold or trial: the cross-validation or tune';
ALTER TABLE training_runs ADD COLUMN IF NOT EXISTS
    state LowCardinality(String) DEFAULT 'complete' COMMENT 'complete, pruned or failed';
ALTER TABLE training_runs ADD COLUMN IF NOT EXISTS
    steps String DEFAULT '[]' COMMENT 'metrics by epoch, or by value of C: JSON';
ALTER TABLE training_runs ADD COLUMN IF NOT EXISTS
    environment Map(String, String) COMMENT 'releases and machine';
