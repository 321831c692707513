// The body of a thread that explains texts, one after the other, by default at a low priority: an
// explanation costs as much as 50 to 2,000 classifications, and others wait for those. It keeps the
// version that it explained last open.
import { parentPort, workerData } from 'node:worker_threads'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { setThreadPriority } from '../runtime/thread-priority.ts'
import { readVersion } from '../store/version-files.ts'
import { openExplainer, type Explainer } from './explain-text.ts'
import type { ExplainerAnswer, ExplainerQuestion, ExplainerStart } from './explainer-messages.ts'

type Port = NonNullable<typeof parentPort>

if (parentPort !== null) listen(parentPort, workerData as ExplainerStart)

function listen(port: Port, start: ExplainerStart): void {
  setThreadPriority(start.priority ?? 'background')
  const cancelled = new Map<number, AbortController>()
  const explainers = createExplainers(start)
  let last = Promise.resolve()
  port.on('message', (question: ExplainerQuestion) => {
    switch (question.kind) {
      case 'cancel':
        cancelled.get(question.id)?.abort(new WinnowError('cancelled', 'Nobody waits any longer'))
        break
      case 'explain': {
        const { id } = question
        const stop = new AbortController()
        cancelled.set(id, stop)
        last = last.then(async () => {
          port.postMessage(await answerTo(question, explainers, stop.signal))
          cancelled.delete(id)
        })
        break
      }
      case 'close':
        last = last.then(explainers.close).finally(() => port.close())
    }
  })
}

async function answerTo(
  { id, dir, request }: Extract<ExplainerQuestion, { kind: 'explain' }>,
  explainers: Explainers,
  signal: AbortSignal,
): Promise<ExplainerAnswer> {
  try {
    signal.throwIfAborted()
    const explainer = await explainers.of(dir)
    return { kind: 'explained', id, explanation: await explainer.explain(request, { signal }) }
  } catch (error) {
    const code = error instanceof WinnowError ? error.code : 'internal'
    return { kind: 'failed', id, code, message: errorMessage(error) }
  }
}

type Explainers = ReturnType<typeof createExplainers>

/** Opens explainers by the folder of a version, one at a time. */
function createExplainers({ steps, batchTokens, priority = 'background' }: ExplainerStart) {
  let open: { dir: string; explainer: Explainer } | undefined
  const close = async (): Promise<void> => {
    const closing = open?.explainer
    open = undefined
    await closing?.close()
  }
  return {
    close,
    async of(dir: string): Promise<Explainer> {
      if (open?.dir === dir) return open.explainer
      await close()
      const version = await readVersion(dir)
      const explainer = await openExplainer({ version, workers: 1, priority, batchTokens, steps })
      open = { dir, explainer }
      return explainer
    },
  }
}
