// The infer stage of several models: each event has one outcome for each of them. A text that one
// model rejects is a rejection of that model only.
import type { Classification } from '../../schemas/classification.ts'
import { forOthers } from '../../schemas/outcome.ts'
import { inferByShare, type ChallengeOptions } from './challenge.ts'
import type { ChunkModels } from './infer.ts'
import type { RecordOutcome } from './record-outcome.ts'
import type { TokenizedEvent } from './tokenize.ts'

export type InferModelsOptions = ChallengeOptions & {
  /** Whether a model classifies what entered on a topic; everything when absent. */
  readonly accepts?: ((topic: string, model: string) => boolean) | undefined
}

/**
 * What the models make of the records of a chunk: for each record in order, its outcomes in the
 * order of the models, which they name. Throws what a champion throws.
 */
export async function inferModels(
  chunk: readonly RecordOutcome<TokenizedEvent>[],
  models: readonly ChunkModels[],
  options: InferModelsOptions,
): Promise<RecordOutcome<Classification>[]> {
  // Started together, so that models over one encoder meet in its batches.
  const answers = await allOrFirstError(models.map((one) => outcomesOf(chunk, one, options)))
  return chunk.flatMap((_, at) => answers.map((outcomes) => outcomes[at]!))
}

async function outcomesOf(
  chunk: readonly RecordOutcome<TokenizedEvent>[],
  models: ChunkModels,
  options: InferModelsOptions,
): Promise<RecordOutcome<Classification>[]> {
  const { accepts = () => true } = options
  const model = models.champion.name
  const isRead = chunk.map(
    ({ origin, outcome }) => outcome.kind !== 'ok' || accepts(origin.topic, model),
  )
  const events = chunk.flatMap(({ outcome }, at) =>
    outcome.kind === 'ok' && isRead[at] ? [outcome.value] : [],
  )
  const inferred = (await inferByShare(events, models, options)).values()
  return chunk.map(({ outcome, ...one }, at) => {
    if (!isRead[at]) return { ...one, model, outcome: forOthers }
    if (outcome.kind !== 'ok') return { ...one, model, outcome }
    return { ...one, model, stage: 'infer', outcome: inferred.next().value! }
  })
}

/** As Promise.all, but settles only when everything has, so that no work outlives its chunk. */
async function allOrFirstError<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work)
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
