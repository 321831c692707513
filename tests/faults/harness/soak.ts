// Mixed load with many swaps: events on the topic, events by HTTP and texts classified by HTTP, while the
// champion goes to and fro. It measures failures, latency during and between swaps, and memory.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openRegistry, promoteModel, publishModel } from '../../../commands/publishing.ts'
import { openVersion } from '../../../models/version-store.ts'
import { openBackends, uniqueName } from '../../support/backends.ts'
import { until } from '../../support/until.ts'
import { sampleText } from '../../support/workspace.ts'
import { killActors, startActor, stopActor } from './actor.ts'
import { audit, type Counts } from './audit.ts'
import type { Ground } from './ground.ts'
import { openLoad } from './load.ts'
import { seededRandom } from './random.ts'

export type SoakOutcome = {
  readonly seconds: number
  readonly swaps: number
  readonly requests: number
  readonly failed: Readonly<Record<string, number>>
  readonly counts: Counts
  /** Of classify requests, milliseconds. */
  readonly p99Ms: { readonly steady: number; readonly swapping: number }
  /** Bytes of stream and gateway together, after the fifth and after the last swap. */
  readonly rssBytes: { readonly fifth: number; readonly last: number }
  readonly problems: readonly string[]
}

type Sample = { readonly ms: number; readonly isSwapping: boolean }

/** Requests wait so long between two, so that the machine is not the limit. */
const askPauseMs = 40

/** Runs the load for `minutes` with so many swaps. */
export async function soak(
  ground: Ground,
  options: { minutes: number; swaps: number; note?: (line: string) => void },
): Promise<SoakOutcome> {
  const { minutes, swaps, note = () => undefined } = options
  const startMs = performance.now()
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
  const samples: Sample[] = []
  const failed: Record<string, number> = {}
  const state = { isOver: false, isSwapping: false, model: '' }
  const ask = async (url: string, path: string, body: object, status: number) => {
    const sentMs = performance.now()
    const { isSwapping } = state
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    if (answer.status !== status) failed[answer.status] = (failed[answer.status] ?? 0) + 1
    const ms = performance.now() - sentMs
    return { text, sample: { ms, isSwapping: isSwapping || state.isSwapping } }
  }
  let number = 0
  try {
    const { url } = (await gateway.ready) as { url: string }
    await stream.ready
    load.start()
    const classifying = (async () => {
      while (!state.isOver) {
        const texts = [sampleText(number++ % 100).text]
        const { text, sample } = await ask(url, '/v1/classify', { texts }, 200)
        samples.push(sample)
        state.model = (JSON.parse(text) as { model?: string }).model ?? ''
        await sleep(askPauseMs)
      }
    })()
    const posting = (async () => {
      while (!state.isOver) {
        const id = `h-${number++}`
        load.sent.good.set(id, { labelled: false, certain: true })
        await ask(url, '/v1/events', { id, text: sampleText(number % 100).text }, 202)
        await sleep(askPauseMs)
      }
    })()
    const rss = { fifth: 0, last: 0 }
    const everyMs = (minutes * 60_000) / (swaps + 1)
    for (let swap = 1; swap <= swaps; swap++) {
      // On a slow machine swaps take longer than planned; there is time between two all the same.
      await sleep(Math.max(everyMs / 2, startMs + swap * everyMs - performance.now()))
      const ref = `test@${swap % 2 === 1 ? 2 : 1}`
      state.isSwapping = true
      await promoteModel(registry, { ref, by: 'soak', reason: `swap ${swap}` })
      await until(`${ref} to answer`, () => state.model === ref, 120_000).catch(
        (error: unknown) => {
          throw new Error(gateway.output(), { cause: error })
        },
      )
      state.isSwapping = false
      const [ofStream, ofGateway] = [stream.rssBytes(), gateway.rssBytes()]
      rss.last = ofStream + ofGateway
      if (swap === 5) rss.fifth = rss.last
      note(`swap ${swap} of ${swaps}: stream ${mb(ofStream)}, gateway ${mb(ofGateway)}`)
    }
    await sleep(Math.max(0, startMs + minutes * 60_000 - performance.now()))
    state.isOver = true
    await Promise.all([classifying, posting])
    await load.stop()
    const { counts, problems } = await audit(backends, { sent: load.sent, clean: ground.clean })
    await Promise.all([stopActor(stream), stopActor(gateway)])
    return {
      ...{ swaps, failed, counts, problems, rssBytes: rss },
      seconds: (performance.now() - startMs) / 1_000,
      requests: number,
      p99Ms: {
        steady: p99(samples.filter(({ isSwapping }) => !isSwapping)),
        swapping: p99(samples.filter(({ isSwapping }) => isSwapping)),
      },
    }
  } finally {
    state.isOver = true
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

function p99(samples: readonly Sample[]): number {
  const sorted = samples.map(({ ms }) => ms).sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0
}
