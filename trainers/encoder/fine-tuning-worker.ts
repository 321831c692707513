// The body of the training thread: has the material, receives one plan after the other, and sends
// progress and a result for each. It owns the messages; fine-tuning.ts trains.
import { parentPort, workerData } from 'node:worker_threads'
import { errorMessage, WinnowError, type OperationErrorCode } from '../../schemas/errors.ts'
import { fineTune } from './fine-tuning.ts'
import type {
  FineTuningProgress,
  FineTuningResult,
  TrainingMaterial,
  TrainingPlan,
} from './fine-tuning-task.ts'
import { MaterialFeeds } from './material-feeds.ts'

/**
 * A message to the thread: train by this plan, or end. The sender cancels the training by writing 1
 * to `cancelled`, a shared int32 [1].
 */
export type FineTuningOrder =
  { readonly plan: TrainingPlan; readonly cancelled: Int32Array } | 'end'

/** What the thread sends. */
export type FineTuningMessage =
  | { readonly kind: 'progress'; readonly progress: FineTuningProgress }
  | { readonly kind: 'done'; readonly result: FineTuningResult }
  | {
      readonly kind: 'failed'
      readonly code: OperationErrorCode
      readonly message: string
      readonly details: Readonly<Record<string, unknown>>
    }

if (parentPort !== null) serve(parentPort, workerData as TrainingMaterial)

function serve(port: NonNullable<typeof parentPort>, material: TrainingMaterial): void {
  const feeds = new MaterialFeeds(material)
  const send = (message: FineTuningMessage, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer)
  const train = async ({ plan, cancelled }: Exclude<FineTuningOrder, 'end'>): Promise<void> => {
    const task = { ...material, ...plan }
    const watch = {
      onProgress: (progress: FineTuningProgress) => send({ kind: 'progress', progress }),
      isCancelled: () => Atomics.load(cancelled, 0) !== 0,
    }
    try {
      const result = await fineTune(task, watch, feeds)
      const buffers = [...result.trained.values()].map(({ buffer }) => buffer as ArrayBuffer)
      send({ kind: 'done', result }, buffers)
    } catch (error) {
      if (!(error instanceof WinnowError)) throw error
      const { code, details } = error
      send({ kind: 'failed', code, message: errorMessage(error), details })
    }
  }
  // An error that is not expected crashes the thread as an unhandled rejection.
  port.on('message', (order: FineTuningOrder) => {
    if (order !== 'end') void train(order)
    else {
      feeds.close()
      port.close()
    }
  })
}
