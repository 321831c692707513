-- Labels of winnow.labels say where they come from, so that one that is delivered again is recognised.
-- Labels that came with their event have no topic.
ALTER TABLE labels ADD COLUMN IF NOT EXISTS topic LowCardinality(String) DEFAULT '';
ALTER TABLE labels ADD COLUMN IF NOT EXISTS partition UInt32 DEFAULT 0;
ALTER TABLE labels ADD COLUMN IF NOT EXISTS offset UInt64 DEFAULT 0;
ALTER TABLE labels ADD COLUMN IF NOT EXISTS record_time DateTime64(3, 'UTC') DEFAULT 0;
ALTER TABLE labels COMMENT COLUMN IF EXISTS label 'empty: the person takes back what was said before';

-- What counts for an event: the latest label of a person, else the one that it came with.
CREATE VIEW IF NOT EXISTS event_labels AS
SELECT event_id, said.1 AS label, who AS labelled_by, said.2 AS labelled_at
FROM
(
    SELECT event_id, argMax(word, (by != 'producer', word.2, word.3, word.4)) AS said,
           argMax(by, (by != 'producer', word.2, word.3, word.4)) AS who
    FROM
    (
        -- The latest word of each person; one that was taken back counts no more.
        SELECT event_id, labelled_by AS by,
               argMax((label, labelled_at, partition, offset),
                      (labelled_at, partition, offset)) AS word
        FROM labels
        GROUP BY event_id, by
    )
    WHERE word.1 != ''
    GROUP BY event_id
);
