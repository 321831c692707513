// Mixed load with many swaps: events on the topic, events by HTTP and texts classified by HTTP
// while the champion alternates. It measures failures, latency during and between swaps, and
// memory.
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { promoteModel } from '../../../serving/promoting.ts'
import { openRegistry, publishModel } from '../../../serving/publishing.ts'
import { openVersion } from '../../../models/store/version-store.ts'
import { openBackends, uniqueName } from '../../support/backends.ts'
import { until } from '../../support/until.ts'
import { sampleText } from '../../support/workspace.ts'
import { killActors, startActor, stopActor } from './actor.ts'
import { audit, type Counts } from './audit.ts'
import type { Answer, ClientStart } from './client-thread.ts'
import type { Ground } from './ground.ts'
import { openLoad } from './load.ts'
import { seededRandom } from './random.ts'

export type SoakOutcome = {
  readonly seconds: number
  readonly swaps: number
  readonly requests: number
  readonly failed: Readonly<Record<string, number>>
  readonly counts: Counts
  /** 99th percentile of classify requests, in milliseconds. */
  readonly p99Ms: { readonly steady: number; readonly swapping: number }
  /** Bytes of stream and gateway together, after the fifth and after the last swap. */
  readonly rssBytes: { readonly fifth: number; readonly last: number }
  readonly problems: readonly string[]
}

/** The start and end of a swap, in milliseconds since 1970. */
type Span = { readonly startMs: number; readonly endMs: number }

const askPauseMs = 40

/** Runs the load for `minutes`, with `swaps` swaps. */
export async function soak(
  ground: Ground,
  options: { minutes: number; swaps: number; note?: (line: string) => void },
): Promise<SoakOutcome> {
  const { minutes, swaps, note = () => undefined } = options
  const startedMs = performance.now()
  const env = {
    ...ground.env,
    WINNOW_STREAM_GROUP: uniqueName(),
    WINNOW_STORE_KIND: 'folder',
    WINNOW_STORE_PATH: join(ground.dir, 'soak-store'),
    WINNOW_CLICKHOUSE_REQUEST_MS_MAX: '60000',
  }
  const backends = await openBackends(ground.stack.addresses, env)
  const { storeDir } = ground
  const registry = await openRegistry({ config: backends.config, storeDir, log: () => undefined })
  for (const ref of ['test@1', 'test@2']) {
    const version = await openVersion({ ref, storeDir })
    await publishModel(registry, { version, force: 'a soak test', by: 'soak' })
  }
  const stages = { ...backends.env, WINNOW_MODEL_STORE: join(ground.dir, 'stages') }
  const stream = startActor(['stream', '--stages', 'validate..infer'], { env: stages })
  const gateway = startActor(['serve'], { env: stages })
  const load = await openLoad(backends, seededRandom(11))
  const texts = Array.from({ length: 100 }, (_, number) => sampleText(number).text)
  const answers: Answer[] = []
  const swapping: Span[] = []
  let model = ''
  let client: Client | undefined
  try {
    const { url } = (await gateway.ready) as { url: string }
    await stream.ready
    load.start()
    client = startClient({ url, texts, pauseMs: askPauseMs }, (answer) => {
      answers.push(answer)
      model = answer.model ?? model
      if (answer.id !== undefined) load.sent.good.set(answer.id, { labelled: false, certain: true })
    })
    const rss = { fifth: 0, last: 0 }
    // Measured when both processes have finished a swap, long after the new model's first response.
    const weigh = (swap: number): void => {
      const [ofStream, ofGateway] = [stream.rssBytes(), gateway.rssBytes()]
      rss.last = ofStream + ofGateway
      if (swap === 5) rss.fifth = rss.last
      note(`after swap ${swap} of ${swaps}: stream ${mb(ofStream)}, gateway ${mb(ofGateway)}`)
    }
    const everyMs = (minutes * 60_000) / (swaps + 1)
    for (let swap = 1; swap <= swaps; swap++) {
      // On a slow machine swaps take longer than planned; there is still time between two of them.
      await sleep(Math.max(everyMs / 2, startedMs + swap * everyMs - performance.now()))
      weigh(swap - 1)
      const ref = `test@${swap % 2 === 1 ? 2 : 1}`
      const startMs = nowMs()
      await promoteModel(registry, { ref, by: 'soak', reason: `swap ${swap}` })
      const isAnswering = () => {
        client!.check()
        return model === ref
      }
      await until(`${ref} to answer`, isAnswering, 120_000).catch((error: unknown) => {
        throw new Error(gateway.output(), { cause: error })
      })
      swapping.push({ startMs, endMs: nowMs() })
    }
    await sleep(Math.max(everyMs / 2, startedMs + minutes * 60_000 - performance.now()))
    weigh(swaps)
    await client.stop()
    await load.stop()
    const { counts, problems } = await audit(backends, { sent: load.sent, clean: ground.clean })
    await Promise.all([stopActor(stream), stopActor(gateway)])
    return {
      swaps,
      counts,
      problems,
      rssBytes: rss,
      seconds: (performance.now() - startedMs) / 1_000,
      requests: answers.length,
      failed: failuresIn(answers),
      p99Ms: p99Of(answers, swapping),
    }
  } finally {
    await client?.stop().catch(() => undefined)
    await load.stop().catch(() => undefined)
    await killActors([stream, gateway])
    await load.close()
    await registry.close()
    await backends.close()
  }
}

/** Bytes as megabytes, for people. */
export function mb(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}

const nowMs = () => performance.timeOrigin + performance.now()

type Client = {
  /** Throws the error that ended the thread, if any. */
  check(): void
  /**
   * Resolves when the last response has arrived; throws the error that ended the thread before
   * that.
   */
  stop(): Promise<void>
}

function startClient(start: ClientStart, onAnswer: (answer: Answer) => void): Client {
  const thread = new Worker(new URL('client-thread.ts', import.meta.url), { workerData: start })
  thread.on('message', onAnswer)
  const ended = once(thread, 'exit')
  let failure: { cause: unknown } | undefined
  ended.catch((cause: unknown) => {
    failure = { cause }
  })
  return {
    check() {
      if (failure !== undefined) throw new Error('the client has ended', failure)
    },
    async stop() {
      thread.postMessage('stop')
      await ended
    },
  }
}

function failuresIn(answers: readonly Answer[]): Record<string, number> {
  const failed: Record<string, number> = {}
  for (const { path, status } of answers) {
    if (status === (path === '/v1/classify' ? 200 : 202)) continue
    failed[status] = (failed[status] ?? 0) + 1
  }
  return failed
}

/** The 99th percentile of classify requests; one counts as during a swap if any of its time was. */
function p99Of(answers: readonly Answer[], swapping: readonly Span[]): SoakOutcome['p99Ms'] {
  const asked = answers.filter(({ path }) => path === '/v1/classify')
  const isIn = ({ sentMs, answeredMs }: Answer) =>
    swapping.some(({ startMs, endMs }) => sentMs < endMs && answeredMs > startMs)
  return { steady: p99(asked.filter((one) => !isIn(one))), swapping: p99(asked.filter(isIn)) }
}

function p99(answers: readonly Answer[]): number {
  const sorted = answers.map(({ sentMs, answeredMs }) => answeredMs - sentMs).sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0
}
