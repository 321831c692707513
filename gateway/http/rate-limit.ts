// Limits what one caller may do in a minute: requests, and texts in them. Callers are API keys or,
// without keys, everyone together. admission.ts limits what all do at once.
import type { Context, MiddlewareHandler } from 'hono'
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { GatewayEnv } from './request-context.ts'

type Limits = Pick<Config['gateway'], 'requestsPerMinute' | 'textsPerMinute'>

/** Callers that are remembered; the one that has been silent for longest is forgotten. */
const callersMax = 10_000

/**
 * Builds the middleware, which runs after the check of the key and counts the request. Routes count
 * the texts in it with `takeTexts` of the context. Each caller has a bucket of as many tokens as it
 * may spend in a minute, which fills evenly. So a caller may spend a minute's worth at once, and no
 * more than that in the long run.
 */
export function createRateLimit(
  limits: Limits,
  clock: () => number,
): MiddlewareHandler<GatewayEnv> {
  const requests = new Buckets(limits.requestsPerMinute)
  const texts = new Buckets(limits.textsPerMinute)
  return async (c, next) => {
    c.set('takeTexts', (count) => take(c, texts, { count, noun: 'texts', nowMs: clock() }))
    take(c, requests, { count: 1, noun: 'requests', nowMs: clock() })
    await next()
  }
}

function take(
  c: Context<GatewayEnv>,
  buckets: Buckets,
  { count, noun, nowMs }: { count: number; noun: 'requests' | 'texts'; nowMs: number },
): void {
  const { perMinute } = buckets
  if (perMinute === 0) return
  const { left, waitS } = buckets.take(c.get('caller'), count, nowMs)
  // The fields of draft-ietf-httpapi-ratelimit-headers-10.
  c.header('RateLimit-Policy', `"${noun}";q=${perMinute};w=60`, { append: true })
  c.header('RateLimit', `"${noun}";r=${Math.floor(left)};t=${waitS}`, { append: true })
  if (waitS === 0) return
  const isTooMany = count > perMinute
  const message = isTooMany
    ? `The request has ${count} ${noun}, more than a caller may send in a minute ` +
      `(${perMinute}); send fewer in each request`
    : `The caller has sent more than ${perMinute} ${noun} in a minute; try again in ${waitS} s`
  throw new WinnowError('rate_limited', message, {
    details: { limit: perMinute, ...(!isTooMany && { retryAfterS: waitS }) },
  })
}

/** A bucket for each caller. */
class Buckets {
  /** 0 for no limit. */
  readonly perMinute: number
  /** In the order of their last use. */
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()

  constructor(perMinute: number) {
    this.perMinute = perMinute
  }

  /** Takes tokens if there are enough: `waitS` is 0 then, else the time until there are. */
  take(caller: string, count: number, nowMs: number): { left: number; waitS: number } {
    const { perMinute } = this
    const before = this.#buckets.get(caller) ?? { tokens: perMinute, atMs: nowMs }
    const gained = (Math.max(0, nowMs - before.atMs) * perMinute) / 60_000
    const tokens = Math.min(perMinute, before.tokens + gained)
    const isEnough = tokens >= count
    const left = isEnough ? tokens - count : tokens
    this.#buckets.delete(caller)
    this.#buckets.set(caller, { tokens: left, atMs: nowMs })
    if (this.#buckets.size > callersMax) {
      const [oldest] = this.#buckets.keys()
      this.#buckets.delete(oldest!)
    }
    return { left, waitS: isEnough ? 0 : Math.ceil(((count - tokens) * 60) / perMinute) }
  }
}
