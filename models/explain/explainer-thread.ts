// Explains texts in a thread of its own, so that the caller's event loop stays free. The thread
// starts with the first text and ends when none came for a while. explainer-worker.ts runs in it.
import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { ModelVersion } from '../store/version-files.ts'
import type { ExplainerAnswer, ExplainerQuestion, ExplainerStart } from './explainer-messages.ts'
import type { Explanation, ExplainRequest } from './explanation.ts'

export type ThreadExplainerOptions = ExplainerStart & {
  /** Texts that wait or are being explained, at most. */
  readonly queueMax: number
  /** How long the thread keeps its model without work. Default 300,000. */
  readonly idleMsMax?: number | undefined
}

export type ThreadExplainer = {
  /** Whether `explain` would accept a text. */
  hasRoom(): boolean
  /**
   * Explains one text with the version in `dir`, which the thread opens itself: the version may be
   * swapped meanwhile. Throws `queue_full` at once, `cancelled` when `signal` aborts, which ends
   * the work; `worker_crashed` when the thread ended; and as Explainer.explain and readVersion.
   */
  explain(
    version: Pick<ModelVersion, 'dir'>,
    request: ExplainRequest,
    options: { readonly signal: AbortSignal },
  ): Promise<Explanation>
  /** Ends the work and the thread. */
  close(): Promise<void>
}

type Pending = {
  readonly thread: Worker
  readonly resolve: (explanation: Explanation) => void
  readonly reject: (error: WinnowError) => void
}

/** Creates an explainer without a thread yet; the caller closes it. */
export function createThreadExplainer(options: ThreadExplainerOptions): ThreadExplainer {
  const { queueMax, idleMsMax = 300_000, ...start } = options
  const pending = new Map<number, Pending>()
  const ending = new Set<Promise<void>>()
  let thread: Worker | undefined
  let nextId = 0
  let idle: NodeJS.Timeout | undefined
  let isClosed = false
  const end = (): void => {
    // Not terminated, since a thread that loads a model may call abort() then: see pool.ts.
    thread?.postMessage({ kind: 'close' } satisfies ExplainerQuestion)
    thread = undefined
  }
  const settle = (answer: ExplainerAnswer): void => {
    const found = pending.get(answer.id)
    assert.ok(found !== undefined, 'the thread answered a question that nobody asked')
    pending.delete(answer.id)
    if (answer.kind === 'explained') found.resolve(answer.explanation)
    else found.reject(new WinnowError(answer.code, answer.message))
    if (pending.size === 0 && !isClosed) idle = setTimeout(end, idleMsMax).unref()
  }
  const open = (): Worker => {
    const opened = startThread(start)
    let crash: unknown
    opened.on('message', settle).on('error', (error) => {
      crash = error
    })
    const ended = new Promise<void>((resolve) => {
      opened.on('exit', (exitCode) => {
        if (thread === opened) thread = undefined
        const message = `The thread that explains texts ended unexpectedly (exit ${exitCode}).`
        for (const [id, { thread: owner, reject }] of pending) {
          if (owner !== opened) continue
          pending.delete(id)
          reject(new WinnowError('worker_crashed', message, { cause: crash }))
        }
        resolve()
      })
    })
    ending.add(ended)
    void ended.then(() => ending.delete(ended))
    return opened
  }
  const explain = (dir: string, request: ExplainRequest, signal: AbortSignal) => {
    const id = nextId++
    const asked = (thread ??= open())
    const ask = (question: ExplainerQuestion): void => asked.postMessage(question)
    const cancel = (): void => ask({ kind: 'cancel', id })
    signal.addEventListener('abort', cancel, { once: true })
    return new Promise<Explanation>((resolve, reject) => {
      pending.set(id, { thread: asked, resolve, reject })
      ask({ kind: 'explain', id, dir, request })
    }).finally(() => signal.removeEventListener('abort', cancel))
  }
  return {
    hasRoom: () => !isClosed && pending.size < queueMax,
    async explain({ dir }, request, { signal }) {
      signal.throwIfAborted()
      if (isClosed) throw new WinnowError('cancelled', 'The process is stopping')
      if (pending.size >= queueMax) {
        throw new WinnowError(
          'queue_full',
          `${counted(queueMax, 'text')} already wait to be explained`,
        )
      }
      clearTimeout(idle)
      return explain(dir, request, signal)
    },
    async close() {
      isClosed = true
      clearTimeout(idle)
      for (const [id, { thread: owner }] of pending) {
        owner.postMessage({ kind: 'cancel', id } satisfies ExplainerQuestion)
      }
      end()
      await Promise.all(ending)
    },
  }
}

function startThread(start: ExplainerStart): Worker {
  // In the compiled package the worker's script ends in .js, as this file does.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const script = new URL(`./explainer-worker.${extension}`, import.meta.url)
  return new Worker(script, { workerData: start })
}
