// How fast fine-tuning is on this machine with these texts, by a few steps of the method full. The
// comparison decides by it how many examples it has the time for.
import type { Base } from '../../models/bases/base-store.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { datasetPart, type Dataset } from '../data/dataset.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { defaultRecipe } from '../encoder/fine-tuning-task.ts'
import { trainEncoderOnly, type TrainEncoderProgress } from '../encoder/train-encoder.ts'

/** The options of `measureSecondsPerStep`. */
export type TrainingSpeedOptions = {
  readonly train: Dataset
  readonly labels: readonly string[]
  readonly base: Base
  readonly storeDir: string
  readonly seed: number
  readonly maxTokens?: number | undefined
  readonly workers: number
  readonly signal?: AbortSignal | undefined
}

/** Steps that are timed, after one that allocates memory. */
const stepsTimed = 3

/**
 * Seconds of one step of the method full. Nothing is kept of the training.
 *
 * @throws WinnowError `cancelled`, and what training throws.
 */
export async function measureSecondsPerStep(options: TrainingSpeedOptions): Promise<number> {
  const { train, seed, signal } = options
  const order = Int32Array.from(train.examples.keys())
  const drawn = seededRandom(seed)
    .shuffle(order)
    .subarray(0, 2 * (stepsTimed + 1) * batchTexts)
  const half = drawn.length / 2
  const stop = new AbortController()
  const ended: number[] = []
  const onProgress = ({ kind }: TrainEncoderProgress): void => {
    if (kind !== 'step') return
    ended.push(performance.now())
    if (ended.length > stepsTimed) stop.abort()
  }
  try {
    await trainEncoderOnly({
      ...options,
      dataset: train,
      train: datasetPart(train, drawn.subarray(0, half), 'timed'),
      validation: datasetPart(train, drawn.subarray(half), 'held-out'),
      method: { kind: 'full' },
      // Enough epochs for the steps, whatever the length of the texts.
      recipe: { contrastWeight: 0, epochs: stepsTimed + 1 },
      name: 'speed',
      onProgress,
      signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
    })
  } catch (error) {
    const isDone = error instanceof WinnowError && error.code === 'cancelled' && stop.signal.aborted
    if (!isDone || signal?.aborted === true) throw error
  }
  const [first = 0] = ended
  const last = ended[stepsTimed] ?? first
  return (last - first) / stepsTimed / 1_000
}

const { batchTexts } = defaultRecipe
