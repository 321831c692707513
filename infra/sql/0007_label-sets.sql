-- All labels that apply to a text: several, or none, with a multi-label model. In rows older than the
-- column it is the one label. label_counts goes on counting each event once, by its most probable
-- label; label_set_counts counts it under every label that applies.
ALTER TABLE classifications ADD COLUMN IF NOT EXISTS
    labels Array(LowCardinality(String)) DEFAULT if(label = 'winnow.none', [], [label])
    COMMENT 'all labels that apply; empty when none does' AFTER score;

CREATE VIEW IF NOT EXISTS label_set_counts AS
SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, source, model, version,
       arrayJoin(labels) AS label, count() AS events
FROM classifications
GROUP BY minute, source, model, version, label;
