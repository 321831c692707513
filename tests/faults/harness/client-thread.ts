// A client of the gateway in a thread of its own: alternately classifies texts and posts events,
// and reports each response with its time. Work of the test itself does not affect these times.
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

/** The data that the thread is started with. */
export type ClientStart = {
  readonly url: string
  readonly texts: readonly string[]
  /** Between a response and the next request, so that the machine is not the limit. */
  readonly pauseMs: number
}

/** A message of the thread, one per response. Times are milliseconds since 1970, with fractions. */
export type Answer = {
  readonly path: '/v1/classify' | '/v1/events'
  readonly status: number
  readonly sentMs: number
  readonly answeredMs: number
  /** The model that classified. */
  readonly model?: string | undefined
  /** The posted event. */
  readonly id?: string
}

const { url, texts, pauseMs } = workerData as ClientStart
const now = () => performance.timeOrigin + performance.now()
const textOf = (number: number) => texts[number % texts.length]!
const stop = new AbortController()
parentPort!.once('message', () => {
  stop.abort()
})

async function ask(path: Answer['path'], body: object): Promise<{ answer: Answer; json: unknown }> {
  const sentMs = now()
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const json: unknown = await response.json()
  return { answer: { path, status: response.status, sentMs, answeredMs: now() }, json }
}

async function repeat(turn: (number: number) => Promise<Answer>): Promise<void> {
  for (let number = 0; !stop.signal.aborted; number++) {
    parentPort!.postMessage(await turn(number))
    await sleep(pauseMs, undefined, { signal: stop.signal }).catch(() => undefined)
  }
}

await Promise.all([
  repeat(async (number) => {
    const { answer, json } = await ask('/v1/classify', { texts: [textOf(number)] })
    return { ...answer, model: (json as { model?: string }).model }
  }),
  repeat(async (number) => {
    const id = `h-${number}`
    const { answer } = await ask('/v1/events', { id, text: textOf(number) })
    return { ...answer, id }
  }),
])
parentPort!.close()
