// What the queries of labelling share: which events count as new, which are labelled, and how long
// a query may take.

/** A query that takes longer is ended by the server. */
const secondsMax = 10

/** The end of every query. */
export const labellingSettings = `SETTINGS max_execution_time = ${secondsMax}`

/** The columns of a candidate, by the names of its fields. */
export const candidateColumns = `
  event_id AS eventId, text AS text, source AS source, label AS label, labels AS labels,
  score AS score, probabilities AS probabilities, out_of_scope AS outOfScope, model AS model,
  version AS version, toUnixTimestamp64Milli(classified_at) AS classifiedAtMs`

/**
 * What people say: the latest word of each on an event, unless it was taken back. The labels of a
 * set are in order, so that equal sets are equal texts.
 */
export const peopleLabels = `
  SELECT event_id, person, arrayStringConcat(arraySort(splitByChar('|', word)), '|') AS said
  FROM (
    SELECT event_id, labelled_by AS person,
      argMax(toString(label), (labelled_at, partition, offset)) AS word
    FROM labels WHERE labelled_by != 'producer' GROUP BY event_id, person)
  WHERE word != ''`

/** The rows to consider; the parameters are model, version, source, exclude and eventsMax. */
export type LabellingRows = {
  readonly version?: string | undefined
  readonly source?: string | undefined
  readonly exclude?: readonly string[] | undefined
}

/**
 * The newest rows: from the minute on in which the last `eventsMax` events of the model began. The
 * rollups say so without a look at the rows.
 */
export function newestOf({ source }: LabellingRows): string {
  return `classified_at >= (
    SELECT min(minute) FROM (
      SELECT minute, sum(events) AS ours, sum(ours) OVER (ORDER BY minute DESC) AS upToHere
      FROM label_counts
      WHERE model = {model: String}${source === undefined ? '' : ' AND source = {source: String}'}
      GROUP BY minute)
    WHERE upToHere - ours < {eventsMax: UInt64})`
}

/** The newest rows that answered for an event of the model. */
export function answered(rows: LabellingRows): string {
  return [
    `model = {model: String}`,
    `role != 'shadow'`,
    newestOf(rows),
    ...(rows.version === undefined ? [] : [`version = {version: String}`]),
    ...(rows.source === undefined ? [] : [`source = {source: String}`]),
  ].join(' AND ')
}

/** Those of `answered` that no person labelled. */
export function unlabelled(rows: LabellingRows): string {
  const isExcluded = `has({exclude: Array(String)}, event_id)`
  return [
    answered(rows),
    `event_id NOT IN (SELECT event_id FROM (${peopleLabels}))`,
    ...((rows.exclude ?? []).length === 0 ? [] : [`NOT ${isExcluded}`]),
  ].join(' AND ')
}
