-- Versions beside the champion. A challenger answers for a share of the events; a shadow classifies them
-- once more, in rows of its own that count nowhere: rollups hold each event once for each model.
ALTER TABLE model_releases MODIFY COLUMN IF EXISTS kind Enum8(
    'publish' = 1, 'promote' = 2, 'swap' = 3, 'refusal' = 4, 'rollback' = 5,
    'challenge' = 6, 'shadow' = 7);

ALTER TABLE label_counts_feed MODIFY QUERY
SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, source, model, version, label,
       count() AS events
FROM classifications
WHERE role != 'shadow'
GROUP BY minute, source, model, version, label;

ALTER TABLE latency_feed MODIFY QUERY
SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, model, version,
       count() AS events, quantilesTDigestState(0.5, 0.95, 0.99)(total_ms) AS quantiles
FROM classifications
WHERE role != 'shadow'
GROUP BY minute, model, version;

CREATE OR REPLACE VIEW label_set_counts AS
SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, source, model, version,
       arrayJoin(labels) AS label, count() AS events
FROM classifications
WHERE role != 'shadow'
GROUP BY minute, source, model, version, label;

-- What two versions of a model say of one event, where one of them answered and the other was its
-- shadow; each pair in both orders. An answer is the label, or all labels of a multi-label model.
-- known_label is what a person or the producer says; empty where nobody said anything.
CREATE VIEW IF NOT EXISTS version_pairs AS
SELECT pair.model AS model, pair.versions.1 AS version_a, pair.versions.2 AS version_b,
       pair.topic AS topic, pair.partition AS partition, pair.offset AS offset,
       pair.event_id AS event_id, pair.classified_at AS classified_at,
       pair.answers.1 AS answer_a, pair.answers.2 AS answer_b, known.label AS known_label
FROM
(
    SELECT answered.model AS model, topic, partition, offset, answered.event_id AS event_id,
           greatest(answered.classified_at, shadow.classified_at) AS classified_at,
           arrayJoin([true, false]) AS is_first,
           if(is_first, (answered.version, shadow.version), (shadow.version, answered.version))
               AS versions,
           if(is_first, (answered.answer, shadow.answer), (shadow.answer, answered.answer)) AS answers
    FROM
    (
        SELECT model, version, topic, partition, offset, record_time, event_id, classified_at,
               if(empty(labels), 'winnow.none', arrayStringConcat(
                   arraySort(splitByChar('|', arrayStringConcat(labels, '|'))), '|')) AS answer
        FROM classifications
        WHERE role != 'shadow'
    ) AS answered
    INNER JOIN
    (
        SELECT model, version, topic, partition, offset, record_time, classified_at,
               if(empty(labels), 'winnow.none', arrayStringConcat(
                   arraySort(splitByChar('|', arrayStringConcat(labels, '|'))), '|')) AS answer
        FROM classifications
        WHERE role = 'shadow'
    ) AS shadow
    USING (model, topic, partition, offset, record_time)
) AS pair
LEFT JOIN
(
    SELECT event_id, arrayStringConcat(arraySort(splitByChar('|', toString(label))), '|') AS label
    FROM event_labels
) AS known
ON known.event_id = pair.event_id;

CREATE VIEW IF NOT EXISTS version_disagreement AS
SELECT model, version_a, version_b, count() AS events, countIf(answer_a = answer_b) AS agreeing,
       agreeing / events AS agreement
FROM version_pairs
GROUP BY model, version_a, version_b;

-- The flip matrix: how many events of each label of version a have which label of version b.
CREATE VIEW IF NOT EXISTS version_flips AS
SELECT model, version_a, version_b, answer_a, answer_b, count() AS events
FROM version_pairs
GROUP BY model, version_a, version_b, answer_a, answer_b;

-- McNemar's test (1947) where a label is known: exact binomial below 25 events on which one version is
-- right and the other wrong, else chi-square with Edwards's correction; two-sided.
CREATE VIEW IF NOT EXISTS version_mcnemar AS
SELECT model, version_a, version_b, labelled, right_a, right_b, only_a_right, only_b_right,
       right_a / labelled AS accuracy_a, right_b / labelled AS accuracy_b,
       only_a_right + only_b_right AS discordant,
       multiIf(
           discordant = 0, 1,
           discordant < 25,
           least(1, 2 * arraySum(k -> exp(lgamma(discordant + 1) - lgamma(k + 1)
                                          - lgamma(discordant - k + 1) - discordant * log(2)),
                                 range(0, least(only_a_right, only_b_right) + 1))),
           erfc(greatest(0, abs(toInt64(only_a_right) - toInt64(only_b_right)) - 1)
                / sqrt(2 * discordant))
       ) AS p_value
FROM
(
    SELECT model, version_a, version_b, count() AS labelled,
           countIf(answer_a = known_label) AS right_a, countIf(answer_b = known_label) AS right_b,
           countIf(answer_a = known_label AND answer_b != known_label) AS only_a_right,
           countIf(answer_a != known_label AND answer_b = known_label) AS only_b_right
    FROM version_pairs
    WHERE known_label != ''
    GROUP BY model, version_a, version_b
);

-- How often each version is right on all its events with a known label, those of a challenger's share
-- too, for which there are no pairs.
CREATE VIEW IF NOT EXISTS version_accuracy AS
SELECT model, version, role, count() AS labelled,
       countIf(if(empty(labels), 'winnow.none', arrayStringConcat(
                   arraySort(splitByChar('|', arrayStringConcat(labels, '|'))), '|'))
               = known.label) AS right, right / labelled AS accuracy
FROM classifications
INNER JOIN
(
    SELECT event_id, arrayStringConcat(arraySort(splitByChar('|', toString(label))), '|') AS label
    FROM event_labels
) AS known USING (event_id)
GROUP BY model, version, role;
