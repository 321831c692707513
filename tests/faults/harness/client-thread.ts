// A client of the gateway in a thread of its own: it classifies texts and posts events, one after
// the other each, and says what it was told and when. What the test itself does meanwhile is not in
// its times.
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

/** What the thread is started with. */
export type ClientStart = {
  readonly url: string
  readonly texts: readonly string[]
  /** Between an answer and the next request, so that the machine is not the limit. */
  readonly pauseMs: number
}

/** What the thread says: one per answer. Times are milliseconds since 1970, with fractions. */
export type Answer = {
  readonly path: '/v1/classify' | '/v1/events'
  readonly status: number
  readonly sentMs: number
  readonly answeredMs: number
  /** The model that classified. */
  readonly model?: string | undefined
  /** The event that was posted. */
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
