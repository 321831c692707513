// How much may be at work at once: a bounded number of requests, and a deadline on each. A request
// that does not fit is refused at once, never queued. It takes its place when its body is complete,
// so that slow callers hold none; the memory of bodies is request-body.ts's.
import { Readable } from 'node:stream'
import type { Context, MiddlewareHandler } from 'hono'
import type { Config } from '../configs/schema.ts'
import { counted } from '../schemas/counted.ts'
import { WinnowError } from '../schemas/errors.ts'
import { decodedBody } from './bodies/content-coding.ts'
import { bodyTooLarge, createBodyMemory, type BodySource } from './bodies/request-body.ts'
import { incomingOf, type GatewayEnv } from './request-context.ts'
import type { WorkQueue } from './work-queue.ts'

/**
 * Middleware that admits a request or refuses it with `queue_full`. One instance is shared by all
 * routes that do work; probes stay outside, so that overload does not look like death.
 */
export function createAdmission(
  limits: Pick<Config['gateway'], 'requestsMax' | 'requestMsMax' | 'bodyBytesMax'>,
  queue: WorkQueue,
): MiddlewareHandler<GatewayEnv> {
  const memory = createBodyMemory(limits.bodyBytesMax)
  const places = createPlaces(limits.requestsMax)
  const lateText = `The request was not answered within ${limits.requestMsMax} ms (gateway.requestMsMax)`
  return async (c, next) => {
    // Asked before the body is read as well, so that a refusal is cheap.
    places.refuseWhenFull()
    const stop = new AbortController()
    const { signal } = stop
    const timer = setTimeout(() => {
      stop.abort(new WinnowError('deadline_exceeded', lateText))
    }, limits.requestMsMax)
    const left = () => {
      stop.abort(new WinnowError('cancelled', 'The caller closed the connection'))
    }
    const caller = c.req.raw.signal
    if (caller.aborted) left()
    else caller.addEventListener('abort', left, { once: true })
    const place = places.open()
    c.set('work', {
      signal,
      body: async () => {
        const source = bodyOf(c, limits.bodyBytesMax)
        if (source === undefined) return (place.take(), Buffer.alloc(0))
        const body = await memory.read(source, signal).catch((error: unknown) => {
          throw isDeadline(error) ? bodyTimeout(limits.requestMsMax) : error
        })
        place.onRelease(body.release)
        place.take()
        return body.bytes
      },
      steps: (steps) => queue.run(steps, signal),
      run: (work) => runUntil(signal, work, place),
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

type Place = {
  /** Counts the request as being processed, once. Throws `queue_full` when there are too many. */
  take(): void
  hold(): void
  /**
   * Gives back the place and the memory of its body once the request and each hold are released.
   */
  release(): void
  onRelease(act: () => void): void
}

function createPlaces(requestsMax: number) {
  let atWork = 0
  const refuseWhenFull = () => {
    if (atWork < requestsMax) return
    const message =
      `The gateway already processes ${counted(requestsMax, 'request')} ` +
      '(gateway.requestsMax); try again later'
    throw new WinnowError('queue_full', message)
  }
  const open = (): Place => {
    let isTaken = false
    let holds = 1
    const acts: (() => void)[] = []
    return {
      take: () => {
        if (isTaken) return
        refuseWhenFull()
        isTaken = true
        atWork += 1
      },
      hold: () => {
        holds += 1
      },
      release: () => {
        holds -= 1
        if (holds > 0) return
        if (isTaken) atWork -= 1
        for (const act of acts) act()
      },
      onRelease: (act) => {
        acts.push(act)
      },
    }
  }
  return { refuseWhenFull, open }
}

function runUntil<T>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  place: Place,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    signal.throwIfAborted()
    place.take()
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

/**
 * The body as a stream without its coding. On a socket it is Node's own, which joins small chunks
 * as it is read; as a web stream each chunk, of one byte maybe, would cost several objects.
 */
function bodyOf(c: Context<GatewayEnv>, bytesMax: number): BodySource | undefined {
  if (Number(c.req.header('content-length') ?? 0) > bytesMax) throw bodyTooLarge(bytesMax)
  const contentEncoding = c.req.header('content-encoding')
  const stream = incomingOf(c) ?? webBody(c)
  return stream && decodedBody(stream, { contentEncoding, bytesMax })
}

function webBody(c: Context<GatewayEnv>): Readable | undefined {
  const { body } = c.req.raw
  return body === null ? undefined : Readable.fromWeb(body as never)
}

function isDeadline(error: unknown): boolean {
  return error instanceof WinnowError && error.code === 'deadline_exceeded'
}

function bodyTimeout(msMax: number): WinnowError {
  return new WinnowError(
    'body_timeout',
    `The body was not complete within ${msMax} ms (gateway.requestMsMax)`,
    { details: { msMax } },
  )
}
