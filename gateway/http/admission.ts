// Limits how many requests are processed at once, each with a deadline. A request that finds no
// free slot is refused at once, never queued. It takes a slot when its body is complete, so that
// slow callers hold none. The memory of bodies is bodies/request-body.ts.
import type { Context, MiddlewareHandler } from 'hono'
import type { Config } from '../../configs/schema.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { decodedBody } from '../bodies/content-coding.ts'
import { BodyMemory, bodyTooLarge, type BodySource } from '../bodies/request-body.ts'
import { bodyStream } from './body-stream.ts'
import { incomingOf, type GatewayEnv } from './request-context.ts'
import type { WorkQueue } from './work-queue.ts'

/**
 * Middleware that admits a request or refuses it with `queue_full`. All routes that do work share
 * one instance. Probes bypass it, so that an overloaded gateway does not look dead.
 */
export function createAdmission(
  limits: Pick<Config['gateway'], 'requestsMax' | 'requestMsMax' | 'bodyBytesMax'>,
  queue: WorkQueue,
): MiddlewareHandler<GatewayEnv> {
  const memory = new BodyMemory(limits.bodyBytesMax)
  const slots = new Slots(limits.requestsMax)
  const lateText = `The request was not answered within ${limits.requestMsMax} ms (gateway.requestMsMax)`
  return async (c, next) => {
    // Checked before the body is read too, so that a refusal is cheap.
    slots.refuseWhenFull()
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
    const slot = new Slot(slots)
    c.set('work', {
      signal,
      body: async () => {
        const source = bodyOf(c, limits.bodyBytesMax)
        if (source === undefined) return (slot.take(), Buffer.alloc(0))
        const body = await memory.read(source, signal).catch((error: unknown) => {
          throw isDeadline(error) ? bodyTimeout(limits.requestMsMax) : error
        })
        slot.onRelease(body.release)
        slot.take()
        return body.bytes
      },
      steps: (steps) => queue.run(steps, signal),
      run: (work) => runUntil(signal, work, slot),
      leaveSlot: () => slot.leave(),
    })
    try {
      await next()
    } finally {
      clearTimeout(timer)
      caller.removeEventListener('abort', left)
      slot.release()
    }
  }
}

/** The requests that are processed, `requestsMax` at most. */
class Slots {
  readonly #requestsMax: number
  #taken = 0

  constructor(requestsMax: number) {
    this.#requestsMax = requestsMax
  }

  refuseWhenFull(): void {
    if (this.#taken < this.#requestsMax) return
    const message =
      `The gateway already processes ${counted(this.#requestsMax, 'request')} ` +
      '(gateway.requestsMax); try again later'
    throw new WinnowError('queue_full', message)
  }

  /** Throws `queue_full` if too many are taken. */
  take(): void {
    this.refuseWhenFull()
    this.#taken += 1
  }

  release(): void {
    this.#taken -= 1
  }
}

/** The slot of one request, which its work may hold longer than the request lasts. */
class Slot {
  readonly #slots: Slots
  readonly #acts: (() => void)[] = []
  #isTaken = false
  #holds = 1

  constructor(slots: Slots) {
    this.#slots = slots
  }

  /** Counts the request as being processed, once. Throws `queue_full` if too many are. */
  take(): void {
    if (this.#isTaken) return
    this.#slots.take()
    this.#isTaken = true
  }

  hold(): void {
    this.#holds += 1
  }

  /** Frees the slot, and the memory of the body, once the request and each hold are released. */
  release(): void {
    this.#holds -= 1
    if (this.#holds > 0) return
    if (this.#isTaken) this.#slots.release()
    for (const act of this.#acts) act()
  }

  /** Frees the slot and the memory of the body before the request ends, unless work holds them. */
  leave(): void {
    if (this.#holds > 1) return
    if (this.#isTaken) this.#slots.release()
    this.#isTaken = false
    for (const act of this.#acts.splice(0)) act()
  }

  onRelease(act: () => void): void {
    this.#acts.push(act)
  }
}

function runUntil<T>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  slot: Slot,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    signal.throwIfAborted()
    slot.take()
    const stopped = () => {
      reject(signal.reason as WinnowError)
    }
    signal.addEventListener('abort', stopped, { once: true })
    slot.hold()
    // An async function turns a synchronous throw into a rejection.
    const done = (async () => work(signal))()
    done
      .finally(() => {
        signal.removeEventListener('abort', stopped)
        slot.release()
      })
      .then(resolve, reject)
  })
}

/** The decoded body as a stream; undefined if there is none. */
function bodyOf(c: Context<GatewayEnv>, bytesMax: number): BodySource | undefined {
  if (Number(c.req.header('content-length') ?? 0) > bytesMax) throw bodyTooLarge(bytesMax)
  const contentEncoding = c.req.header('content-encoding')
  if (incomingOf(c) === undefined && c.req.raw.body === null) return undefined
  return decodedBody(bodyStream(c), { contentEncoding, bytesMax })
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
