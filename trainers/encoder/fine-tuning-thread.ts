// A thread that fine-tunes, so that the caller's thread stays responsive. It owns the thread's
// lifecycle; fine-tuning-worker.ts runs in the thread.
import { Worker } from 'node:worker_threads'
import { WinnowError } from '../../schemas/errors.ts'
import type {
  FineTuningProgress,
  FineTuningResult,
  TrainingMaterial,
  TrainingPlan,
} from './fine-tuning-task.ts'
import type { FineTuningMessage, FineTuningOrder } from './fine-tuning-worker.ts'

/** How the caller follows a training. */
export type FollowedTraining = {
  readonly onProgress: (progress: FineTuningProgress) => void
  readonly signal?: AbortSignal | undefined
}

/** How the training under way ends. */
type Answer = {
  readonly resolve: (result: FineTuningResult) => void
  readonly reject: (error: Error) => void
  readonly onProgress: (progress: FineTuningProgress) => void
}

/** Fine-tunes on one material in a thread, one training after the other, until it is closed. */
export class FineTuningThread {
  readonly #thread: Worker
  readonly #ended: Promise<void>
  #answer: Answer | undefined
  #failure: Error | undefined

  constructor(material: TrainingMaterial) {
    // In the compiled package the worker's script ends in .js, as this file does.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const script = new URL(`./fine-tuning-worker.${extension}`, import.meta.url)
    this.#thread = new Worker(script, { workerData: material })
    // Between trainings, the thread does not keep the process alive.
    this.#thread.unref()
    this.#thread.on('message', (message: FineTuningMessage) => this.#onMessage(message))
    this.#thread.on('error', (cause) => {
      this.#failure = crash('crashed.', { cause })
    })
    this.#ended = new Promise((resolve) => {
      this.#thread.on('exit', (exitCode) => {
        this.#failure ??= crash(`ended without a result (exit ${exitCode}).`)
        this.#answer?.reject(this.#failure)
        resolve()
      })
    })
  }

  /**
   * An abort ends the training after the current step.
   *
   * @throws WinnowError the errors of `fineTune`, and `worker_crashed` when the thread ends without
   * a result.
   */
  async train(
    plan: TrainingPlan,
    { onProgress, signal }: FollowedTraining,
  ): Promise<FineTuningResult> {
    const cancelled = new Int32Array(new SharedArrayBuffer(4))
    const cancel = (): void => void Atomics.store(cancelled, 0, 1)
    if (signal?.aborted === true) cancel()
    signal?.addEventListener('abort', cancel)
    this.#thread.ref()
    try {
      return await new Promise<FineTuningResult>((resolve, reject) => {
        this.#answer = { resolve, reject, onProgress }
        if (this.#failure !== undefined) reject(this.#failure)
        this.#thread.postMessage({ plan, cancelled } satisfies FineTuningOrder)
      })
    } finally {
      this.#answer = undefined
      this.#thread.unref()
      signal?.removeEventListener('abort', cancel)
    }
  }

  /** Resolves when the thread has ended and its memory is free. */
  async close(): Promise<void> {
    this.#thread.ref()
    this.#thread.postMessage('end' satisfies FineTuningOrder)
    await this.#ended
  }

  #onMessage(message: FineTuningMessage): void {
    if (message.kind === 'progress') this.#answer?.onProgress(message.progress)
    else if (message.kind === 'done') this.#answer?.resolve(message.result)
    else {
      const { code, details } = message
      this.#answer?.reject(new WinnowError(code, message.message, { details }))
    }
  }
}

function crash(what: string, options: ErrorOptions = {}): WinnowError {
  const message = `The training thread ${what} Continue with \`winnow train --resume --name NAME\`.`
  return new WinnowError('worker_crashed', message, options)
}
