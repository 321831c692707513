// Stores the results of a shadow: rows of classifications with role shadow, which have their own
// tokens and no fences. Writing the same rows again stores them once.
import { createHash } from 'node:crypto'
import type { Classification } from '../../schemas/classification.ts'
import { classificationColumns, classificationRow } from './classification-rows.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'

/** Inserts rows of a shadow as one block. Throws analytics_unavailable, analytics_refused. */
export function insertShadowRows(
  analytics: Analytics,
  results: readonly Classification[],
): Promise<void> {
  const token = createHash('sha256')
  for (const { topic, partition, offset, recordTimeMs, model, version } of results) {
    token.update(`${topic}/${partition}/${offset}/${recordTimeMs}/${model}@${version}\n`)
  }
  return analytics.insert('classifications', {
    columns: classificationColumns,
    values: results.map((one) => classificationRow(one)),
    token: `${token.digest('hex')}-shadow`,
  })
}
