// Reads how people label: who gave how many labels, and how two people label the same events. The
// caller makes coefficients of the counts.
import type { Labeller, LabellerPair } from '../../schemas/ports/labelling-reader.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { labellingSettings, peopleLabels } from './labelling-conditions.ts'

const peopleMax = 200
const pairsMax = 1_000

/** Those with the most labels first. Throws analytics_unavailable, analytics_refused. */
export async function readAgreement(
  analytics: Analytics,
): Promise<{ readonly people: readonly Labeller[]; readonly pairs: readonly LabellerPair[] }> {
  const [people, pairs] = await Promise.all([
    analytics.rows<Labeller>(
      `SELECT person AS by, count() AS labels FROM (${peopleLabels}) GROUP BY person
       ORDER BY labels DESC, person LIMIT ${peopleMax} ${labellingSettings}`,
    ),
    analytics.rows<LabellerPair>(
      `SELECT one.person AS a, other.person AS b, count() AS events,
         countIf(one.said = other.said) AS agreeing,
         sumMap(map(one.said, toUInt64(1))) AS labelsA,
         sumMap(map(other.said, toUInt64(1))) AS labelsB
       FROM (${peopleLabels}) AS one INNER JOIN (${peopleLabels}) AS other USING (event_id)
       WHERE one.person < other.person
       GROUP BY a, b ORDER BY events DESC, a, b LIMIT ${pairsMax} ${labellingSettings}`,
    ),
  ])
  return { people, pairs }
}
