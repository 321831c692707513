// Finds a stored row and the version that made it, in the local store or the artifact store.
import { readRowsAt, type StoredRow } from '../../infra/readers/stored-row.ts'
import { parseModelRef } from '../../models/store/model-ref.ts'
import { resolveVersion } from '../../models/store/version-resolver.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { EventPlace } from '../../schemas/record.ts'
import { openPatientAnalytics } from '../../serving/patience.ts'
import { openObjects } from '../../serving/publishing.ts'
import type { CommandContext } from '../command-context.ts'
import { logLine } from '../terminal.ts'

/** What to look for; `model` is NAME or NAME@VERSION. */
export type RowRequest = { readonly place: EventPlace; readonly model?: string | undefined }

/**
 * Reads the row of an event with its version. Throws `not_found` without a row, `usage` if several
 * models classified the event and none is named, and `model_not_found` if the version is gone.
 */
export async function explainableRow({
  place,
  model,
  context,
}: RowRequest & { readonly context: CommandContext }): Promise<{
  row: StoredRow
  version: ModelVersion
}> {
  const { config, paths } = context
  const analytics = openPatientAnalytics(config.clickhouse, { log: logLine })
  const rows = await readRowsAt(analytics, place).finally(() => analytics.close())
  const row = chosenRow(rows, { place, model })
  const ref = `${row.model}@${row.version}`
  const objects = await openObjects(config.store)
  try {
    const options = { ref, storeDir: paths.store, objects, note: logLine }
    return { row, version: await resolveVersion(options) }
  } catch (error) {
    const isGone = error instanceof WinnowError && error.code === 'model_not_found'
    if (!isGone) throw error
    throw new WinnowError(
      'model_not_found',
      `${placeText(place)} was classified by ${ref}, which is gone: ${error.message} To explain its ` +
        'text with another version, use --model and --text.',
      { cause: error, details: error.details },
    )
  } finally {
    objects?.close()
  }
}

/** The row of the champion, if one model classified the event, or that of the named model. */
export function chosenRow(rows: readonly StoredRow[], { place, model }: RowRequest): StoredRow {
  const wanted = model === undefined ? undefined : parseModelRef(model)
  if (wanted?.kind === 'champion') {
    throw new WinnowError('usage', 'With --row, --model is NAME or NAME@VERSION.')
  }
  const found = rows.filter(
    (row) =>
      wanted === undefined ||
      (row.model === wanted.name && (wanted.kind === 'default' || row.version === wanted.version)),
  )
  const made = [...new Set(rows.map((row) => `${row.model}@${row.version}`))].join(', ')
  const [first] = found
  if (first === undefined) {
    const why = rows.length === 0 ? 'it may still be on its way' : `it was classified by ${made}`
    const by = model === undefined ? '' : ` by ${model}`
    throw new WinnowError('not_found', `There is no row of ${placeText(place)}${by}; ${why}.`)
  }
  // Rows of shadows come last, so the first row of a model is what was answered.
  if (found.every((row) => row.model === first.model)) return first
  throw new WinnowError(
    'usage',
    `Several models classified ${placeText(place)}: ${made}. Choose one with --model.`,
  )
}

function placeText({ topic, partition, offset }: EventPlace): string {
  return `${topic}/${partition}/${offset}`
}
