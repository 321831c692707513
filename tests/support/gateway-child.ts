// A gateway in a process of its own, on in-memory dependencies, that measures itself: how long one
// turn of its event loop uses the processor, and how much memory the process takes.
// startGatewayChild starts one; run as a program, this file is one.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Config } from '../../configs/schema.ts'
import { listen } from '../../gateway/http/server.ts'
import {
  configWith,
  createLiveResults,
  gatewayUnderTest,
  hamClassifier,
  storedResult,
} from './gateway-under-test.ts'
import { createMemoryLog } from './memory-log.ts'
import { processorMs } from './processor-time.ts'

/** What a gateway measured since the previous call. */
export type Measured = {
  /**
   * Processor time of the longest turn of the event loop; other programs on the machine do not
   * count.
   */
  readonly longestTurnMs: number
  readonly rssBytes: number
  /** Highest resident bytes since the previous call. */
  readonly rssBytesMax: number
}

/** A running gateway. */
export type GatewayChild = {
  readonly url: string
  readonly port: number
  /** Measures since the last call. */
  measure(): Promise<Measured>
  stop(): Promise<void>
}

/** Starts a gateway with the default configuration except for `gateway`. */
export async function startGatewayChild(
  gateway: Partial<Config['gateway']> = {},
): Promise<GatewayChild> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(gateway)])
  const url = String(await answerOf(child))
  return {
    url,
    port: Number(new URL(url).port),
    measure: async () => {
      child.send('measure')
      return (await answerOf(child)) as Measured
    },
    stop: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** One of the 2,000 labels that its models have, all long and similar. */
export function knownLabel(at: number): string {
  return `${at}-${'abcdefghij'.repeat(7)}`.slice(0, 64)
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const answered = new AbortController()
  const { signal } = answered
  try {
    const [message] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`the gateway ended with status ${String(code)}`)
      }),
    ])) as [unknown]
    return message
  } finally {
    answered.abort()
  }
}

async function serve(settings: Partial<Config['gateway']>): Promise<void> {
  const config = configWith({ ...settings, port: 0 })
  const known = new Set(Array.from({ length: 2_000 }, (_, at) => knownLabel(at)))
  const log = createMemoryLog()
  let offset = 0
  const { app, labels } = gatewayUnderTest({
    config,
    classifier: hamClassifier(),
    knownLabels: () => Promise.resolve(known),
    live: createLiveResults(log, config),
    // The first events of a request are classified at once, so that /v1/stream has results to
    // send; more would add to the processor time that is measured.
    publisher: {
      publish(events) {
        log.add(
          events
            .slice(0, 10)
            .map(({ id, text }) => ({ ...storedResult, eventId: id, text, offset: offset++ })),
        )
        return Promise.resolve()
      },
    },
  })
  const server = await listen(app, config.gateway)
  let longestTurnMs = 0
  let rssBytesMax = 0
  let lastMs = processorMs()
  const probe = () => {
    const nowMs = processorMs()
    longestTurnMs = Math.max(longestTurnMs, nowMs - lastMs)
    lastMs = nowMs
    setImmediate(probe)
  }
  setInterval(() => {
    rssBytesMax = Math.max(rssBytesMax, process.memoryUsage.rss())
    log.forget()
    labels.length = 0
  }, 20)
  process.on('message', () => {
    const rssBytes = process.memoryUsage.rss()
    process.send!({ longestTurnMs, rssBytes, rssBytesMax: Math.max(rssBytes, rssBytesMax) })
    longestTurnMs = rssBytesMax = 0
    lastMs = processorMs()
  })
  probe()
  process.send!(server.url)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await serve(JSON.parse(process.argv[2] ?? '{}') as Partial<Config['gateway']>)
}
