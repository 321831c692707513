// Reads the events that are worth a label for a model: those that nobody labelled yet, among the
// newest. The rollups say how far back the newest events reach, rows are ranked by narrow columns,
// and only the rows that remain are read with their texts.
import type {
  CandidateFilter,
  LabellingCandidate,
  LabellingReason,
} from '../../schemas/ports/labelling-reader.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import {
  candidateColumns,
  labellingSettings,
  newestOf,
  unlabelled,
} from './labelling-conditions.ts'

/** About how many of the newest events of a model are considered. */
const eventsMax = 50_000

/** Reads the candidates of one reason. Throws analytics_unavailable, analytics_refused. */
export function readCandidates(
  analytics: Analytics,
  reason: Exclude<LabellingReason, 'diverse'>,
  filter: CandidateFilter,
): Promise<LabellingCandidate[]> {
  const parameters = parametersOf(filter)
  if (reason === 'disagreement') return readDisagreements(analytics, { filter, parameters })
  return readRanked(analytics, rankingOf(reason, filter), { filter, parameters })
}

const key = 'topic, partition, offset, model, version'

function parametersOf(filter: CandidateFilter): Record<string, unknown> {
  const { model, version, source, exclude, thresholds, limit } = filter
  return {
    model,
    version: version ?? '',
    source: source ?? '',
    exclude,
    thresholds: thresholds ?? {},
    rowsMax: limit,
    eventsMax,
  }
}

type Ranking = { readonly where: string; readonly order: string }

/**
 * Uncertain: the smallest margin between the two most probable labels (Scheffer, Decomain, Wrobel:
 * Active hidden Markov models for information extraction, 2001). With a multi-label model, whose
 * labels do not exclude each other, the smallest distance of a label from its threshold.
 */
function rankingOf(reason: 'uncertain' | 'out-of-scope', { thresholds }: CandidateFilter): Ranking {
  if (reason === 'out-of-scope') return { where: 'out_of_scope > 0', order: 'out_of_scope DESC' }
  const margin =
    thresholds === undefined
      ? `(arrayReverseSort(mapValues(probabilities)) AS ps)[1] - ps[2]`
      : `arrayMin(arrayMap((l, p) -> abs(p - {thresholds: Map(String, Float64)}[l]),
           mapKeys(probabilities), mapValues(probabilities)))`
  return { where: 'notEmpty(probabilities)', order: margin }
}

type Query = { readonly filter: CandidateFilter; readonly parameters: Record<string, unknown> }

function readRanked(
  analytics: Analytics,
  { where, order }: Ranking,
  { filter, parameters }: Query,
): Promise<LabellingCandidate[]> {
  // Of an event that several versions classified, the latest row counts.
  return analytics.rows<LabellingCandidate>(
    `SELECT ${candidateColumns} FROM classifications
     WHERE role != 'shadow' AND (${key}) IN (
       SELECT ${key} FROM (
         SELECT ${key}, probabilities, out_of_scope FROM classifications
         WHERE ${unlabelled(filter)}
         ORDER BY classified_at DESC LIMIT 1 BY event_id)
       WHERE ${where} ORDER BY ${order} LIMIT {rowsMax: UInt32})
     ORDER BY ${order}, classified_at DESC, offset ${labellingSettings}`,
    parameters,
  )
}

/**
 * A committee of two, the version that answered and its shadow, that disagrees (Seung, Opper,
 * Sompolinsky: Query by committee, 1992). Where both are sure of their label, a person's word
 * decides most, so those come first.
 */
async function readDisagreements(
  analytics: Analytics,
  { filter, parameters }: Query,
): Promise<LabellingCandidate[]> {
  const place = 'topic, partition, offset, record_time'
  const ranked = `
    SELECT topic, partition, offset, model, version, otherLabel, otherScore,
      least(score, otherScore) AS sureness
    FROM (
      SELECT ${place}, model, version, score, arraySort(labels) AS answer
      FROM classifications WHERE ${unlabelled(filter)}
      ORDER BY classified_at DESC LIMIT 1 BY event_id) AS answered
    INNER JOIN (
      SELECT ${place}, label AS otherLabel, score AS otherScore, arraySort(labels) AS otherAnswer
      FROM classifications
      WHERE model = {model: String} AND role = 'shadow' AND ${newestOf(filter)}
      ORDER BY classified_at DESC LIMIT 1 BY topic, partition, offset) AS shadow
    USING (${place})
    WHERE answer != otherAnswer
    ORDER BY sureness DESC, topic, partition, offset LIMIT {rowsMax: UInt32}`
  const rows = await analytics.rows<
    Omit<LabellingCandidate, 'other'> & { otherLabel: string; otherScore: number }
  >(
    `SELECT ${candidateColumns}, ranked.otherLabel AS otherLabel, ranked.otherScore AS otherScore
     FROM (
       SELECT * FROM classifications
       WHERE role != 'shadow' AND (${key}) IN (SELECT ${key} FROM (${ranked}))) AS rows
     INNER JOIN (${ranked}) AS ranked USING (${key})
     ORDER BY ranked.sureness DESC, topic, partition, offset ${labellingSettings}`,
    parameters,
  )
  return rows.map(({ otherLabel, otherScore, ...row }) => ({
    ...row,
    other: { label: otherLabel, score: otherScore },
  }))
}
