// The rival of bench/infer: onnxruntime-node as one would call it without Winnow, in worker threads
// that run prepared tensors back to back. Just that loop: no tokenizer, no queue.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor } from 'onnxruntime-node'

/** Batches in the layout that a graph takes, with one counter shared by all workers. */
type BareWork = {
  readonly modelPath: string
  readonly interface: 'winnow' | 'original'
  /** ids int32 [batch, tokens]. */
  readonly batches: readonly { ids: Int32Array; batch: number; tokens: number }[]
  /** Int32 [1]: the next batch that no worker has taken. */
  readonly next: Int32Array
}

type BareLoop = {
  /** Runs every batch once. */
  round(): Promise<void>
  close(): Promise<void>
}

/** Opens one session per worker and prepares all tensors; the caller closes the loop. */
export async function openBareLoop(
  work: Omit<BareWork, 'next'>,
  workers: number,
): Promise<BareLoop> {
  const next = new Int32Array(new SharedArrayBuffer(4))
  const threads = Array.from(
    { length: workers },
    () => new Worker(new URL(import.meta.url), { workerData: { ...work, next } }),
  )
  await Promise.all(threads.map((thread) => once(thread, 'message')))
  return {
    round: async () => {
      Atomics.store(next, 0, 0)
      const done = threads.map((thread) => once(thread, 'message'))
      for (const thread of threads) thread.postMessage('round')
      await Promise.all(done)
    },
    close: async () => {
      await Promise.all(threads.map((thread) => thread.terminate()))
    },
  }
}

if (!isMainThread && parentPort !== null) await serve(parentPort, workerData as BareWork)

async function serve(port: NonNullable<typeof parentPort>, work: BareWork): Promise<void> {
  // The original export gets the runtime's full optimisation, as in normal use.
  const graphOptimizationLevel = work.interface === 'winnow' ? 'basic' : 'all'
  const session = await InferenceSession.create(work.modelPath, {
    graphOptimizationLevel,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
  })
  const output = session.outputNames[0]!
  const feeds = work.batches.map(({ ids, batch, tokens }) =>
    feed(session.inputNames, ids, [batch, tokens]),
  )
  await session.run(feeds[0]!, [output])
  port.on('message', () => {
    void (async () => {
      for (;;) {
        const feed = feeds[Atomics.add(work.next, 0, 1)]
        if (feed === undefined) break
        await session.run(feed, [output])
      }
      port.postMessage('done')
    })()
  })
  port.postMessage('ready')
}

/**
 * The tensors that a graph expects: Winnow's, with or without lengths, or the original export's.
 */
function feed(
  inputs: readonly string[],
  ids: Int32Array,
  dims: readonly [number, number],
): Record<string, Tensor> {
  const wide = () => new BigInt64Array(ids.length)
  const tensors: Record<string, () => Tensor> = {
    input_ids: () =>
      inputs.includes('attention_mask')
        ? new Tensor('int64', BigInt64Array.from(ids, BigInt), dims)
        : new Tensor('int32', ids, dims),
    lengths: () => new Tensor('int32', new Int32Array(dims[0]).fill(dims[1]), [dims[0]]),
    attention_mask: () => new Tensor('int64', wide().fill(1n), dims),
    token_type_ids: () => new Tensor('int64', wide(), dims),
  }
  return Object.fromEntries(inputs.map((name) => [name, tensors[name]!()]))
}
