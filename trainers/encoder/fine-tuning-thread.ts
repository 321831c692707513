// Runs a fine-tuning task in its own thread, so that the caller's thread stays responsive. It owns
// the thread's lifecycle; fine-tuning-worker.ts runs in the thread.
import { Worker } from 'node:worker_threads'
import { WinnowError } from '../../schemas/errors.ts'
import type { FineTuningProgress, FineTuningResult, FineTuningTask } from './fine-tuning-task.ts'
import type { FineTuningMessage, FineTuningStart } from './fine-tuning-worker.ts'

/**
 * Resolves with the result after the thread has ended. An abort ends it after the current step.
 *
 * @throws WinnowError the errors of `fineTune`, and `worker_crashed` when the thread ends without a
 * result.
 */
export async function fineTuneInThread(
  task: FineTuningTask,
  options: { onProgress: (progress: FineTuningProgress) => void; signal?: AbortSignal | undefined },
): Promise<FineTuningResult> {
  const cancelled = new Int32Array(new SharedArrayBuffer(4))
  const cancel = (): void => void Atomics.store(cancelled, 0, 1)
  const { signal } = options
  if (signal?.aborted === true) cancel()
  signal?.addEventListener('abort', cancel)
  // In the compiled package the worker's script ends in .js, as this file does.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const script = new URL(`./fine-tuning-worker.${extension}`, import.meta.url)
  try {
    return await new Promise<FineTuningResult>((resolve, reject) => {
      const start: FineTuningStart = { task, cancelled }
      const thread = new Worker(script, { workerData: start })
      let answer: (() => void) | undefined
      thread.on('message', (message: FineTuningMessage) => {
        if (message.kind === 'progress') options.onProgress(message.progress)
        else if (message.kind === 'done') answer = () => resolve(message.result)
        else {
          const { code, details } = message
          answer = () => reject(new WinnowError(code, message.message, { details }))
        }
      })
      thread.on('error', (cause) => {
        const message =
          'The training thread crashed. Continue with `winnow train --resume --name NAME`.'
        answer ??= () => reject(new WinnowError('worker_crashed', message, { cause }))
      })
      thread.on('exit', (exitCode) => {
        if (answer !== undefined) answer()
        else {
          const message =
            `The training thread ended without a result (exit ${exitCode}). ` +
            'Continue with `winnow train --resume --name NAME`.'
          reject(new WinnowError('worker_crashed', message))
        }
      })
    })
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}
