// The body of the training thread: receives one task and sends progress, then one result. It owns
// the messages; fine-tuning.ts trains.
import { parentPort, workerData } from 'node:worker_threads'
import { errorMessage, WinnowError, type OperationErrorCode } from '../../schemas/errors.ts'
import { fineTune } from './fine-tuning.ts'
import type { FineTuningProgress, FineTuningResult, FineTuningTask } from './fine-tuning-task.ts'

/** What the thread is started with; a 1 in the shared `cancelled` int32 [1] cancels the task. */
export type FineTuningStart = { readonly task: FineTuningTask; readonly cancelled: Int32Array }

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

if (parentPort !== null) await serve(parentPort, workerData as FineTuningStart)

async function serve(
  port: NonNullable<typeof parentPort>,
  { task, cancelled }: FineTuningStart,
): Promise<void> {
  const send = (message: FineTuningMessage, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer)
  try {
    const result = await fineTune(task, {
      onProgress: (progress) => send({ kind: 'progress', progress }),
      isCancelled: () => Atomics.load(cancelled, 0) !== 0,
    })
    const buffers = [...result.trained.values()].map(({ buffer }) => buffer as ArrayBuffer)
    send({ kind: 'done', result }, buffers)
  } catch (error) {
    if (!(error instanceof WinnowError)) throw error
    const { code, details } = error
    send({ kind: 'failed', code, message: errorMessage(error), details })
  }
}
