// How much may be at work at once: a bounded number of requests, a bounded number of body bytes in
// memory, and a deadline on each. A request that does not fit is refused at once, never queued.
import type { MiddlewareHandler } from 'hono'
import type { Config } from '../configs/schema.ts'
import { WinnowError } from '../schemas/errors.ts'
import type { GatewayEnv } from './request-context.ts'

/** Bodies held in memory together, as a multiple of the largest one. */
const bodiesMax = 8

/**
 * Middleware that admits a request or refuses it with `queue_full`. One instance is shared by all routes
 * that do work; probes stay outside, so that overload does not look like death.
 */
export function createAdmission(
  limits: Pick<Config['gateway'], 'requestsMax' | 'requestMsMax' | 'bodyBytesMax'>,
): MiddlewareHandler<GatewayEnv> {
  const load = { requests: 0, bodyBytes: 0 }
  return async (c, next) => {
    if (load.requests >= limits.requestsMax) {
      throw new WinnowError('queue_full', `${limits.requestsMax} requests are at work already`)
    }
    const stop = new AbortController()
    const timer = setTimeout(() => {
      stop.abort(new WinnowError('deadline_exceeded', `Not done within ${limits.requestMsMax} ms`))
    }, limits.requestMsMax)
    const left = () => {
      stop.abort(new WinnowError('cancelled', 'The caller left'))
    }
    const caller = c.req.raw.signal
    if (caller.aborted) left()
    else caller.addEventListener('abort', left, { once: true })
    const place = takePlace(load)
    c.set('work', {
      signal: stop.signal,
      body: () =>
        readBody(c.req.raw, { bytesMax: limits.bodyBytesMax, load, place, signal: stop.signal }),
      run: (work) => runUntil(stop.signal, work, place),
    })
    try {
      await next()
    } finally {
      clearTimeout(timer)
      caller.removeEventListener('abort', left)
      place.release()
    }
  }
}

type Load = { requests: number; bodyBytes: number }
type Place = { bodyBytes: number; hold(): void; release(): void }

/** Counts a request as at work until each hold on its place is released. */
function takePlace(load: Load): Place {
  load.requests += 1
  let holds = 1
  const place: Place = {
    bodyBytes: 0,
    hold: () => {
      holds += 1
    },
    release: () => {
      holds -= 1
      if (holds > 0) return
      load.requests -= 1
      load.bodyBytes -= place.bodyBytes
    },
  }
  return place
}

function runUntil<T>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  place: Place,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    signal.throwIfAborted()
    const stopped = () => {
      reject(signal.reason as WinnowError)
    }
    signal.addEventListener('abort', stopped, { once: true })
    place.hold()
    // Within an async function, so that work that throws at once is a rejection too.
    const done = (async () => work(signal))()
    done
      .finally(() => {
        signal.removeEventListener('abort', stopped)
        place.release()
      })
      .then(resolve, reject)
  })
}

async function readBody(
  request: Request,
  options: { bytesMax: number; load: Load; place: Place; signal: AbortSignal },
): Promise<Uint8Array> {
  const { bytesMax, load, place, signal } = options
  const tooLarge = new WinnowError(
    'body_too_large',
    `The body is larger than ${bytesMax} bytes (gateway.bodyBytesMax)`,
    { details: { bytesMax } },
  )
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) throw tooLarge
  if (request.body === null) return new Uint8Array()
  const reader = (request.body as ReadableStream<Uint8Array>).getReader()
  const stopped = () => void reader.cancel(signal.reason).catch(() => undefined)
  signal.addEventListener('abort', stopped, { once: true })
  const chunks: Uint8Array[] = []
  try {
    for (;;) {
      const { done, value } = await readOrLeave(reader, signal)
      if (done) return Buffer.concat(chunks)
      place.bodyBytes += value.byteLength
      load.bodyBytes += value.byteLength
      if (place.bodyBytes > bytesMax) throw tooLarge
      if (load.bodyBytes > bodiesMax * bytesMax) {
        throw new WinnowError('queue_full', 'Too many large bodies are at work already')
      }
      chunks.push(value)
    }
  } catch (error) {
    // Not awaited: a connection that stalls would hold the answer back.
    stopped()
    throw error
  } finally {
    signal.removeEventListener('abort', stopped)
  }
}

/** One read; a connection that breaks or a deadline that passes is the signal's reason. */
async function readOrLeave(reader: ReadableStreamDefaultReader<Uint8Array>, signal: AbortSignal) {
  let read
  try {
    read = await reader.read()
  } catch (cause) {
    signal.throwIfAborted()
    throw new WinnowError('cancelled', 'The connection broke off within the body', { cause })
  }
  signal.throwIfAborted()
  return read
}
