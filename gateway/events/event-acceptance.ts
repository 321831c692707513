// What every way to send events ends with: the events are checked, published once per
// Idempotency-Key, and answered with their ids or, with `?wait`, with what became of them.
import type { Context } from 'hono'
import { z } from 'zod'
import type { Config } from '../../configs/schema.ts'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { EventOutcomes } from '../../schemas/ports/event-outcomes.ts'
import type { RequestJournal } from '../../schemas/ports/request-journal.ts'
import type { CutItems } from '../bodies/event-body.ts'
import type { Authorize } from '../http/auth.ts'
import type { EventPublisher, PublishedEvent } from '../http/dependencies.ts'
import type { GatewayEnv } from '../http/request-context.ts'
import { exactJson } from '../http/json-answer.ts'
import { textViewOf } from '../http/text-view.ts'
import { wrongParameter } from '../http/query-parameters.ts'
import { resultJson, resultOnTheWire } from '../results/result-json.ts'
import { checkedEvents } from './event-reading.ts'
import { IdempotencyMemory, type RunState } from './idempotency.ts'
import type { ItemCheck } from './item-checks.ts'
import { OutcomeWaits, type Awaited } from './outcome-wait.ts'

/** What accepting events needs. */
export type AcceptanceOptions = {
  readonly config: Pick<Config, 'gateway' | 'limits'>
  readonly publisher: EventPublisher
  readonly outcomes: EventOutcomes
  /** Absent: requests with an Idempotency-Key are forgotten when the gateway ends. */
  readonly journal?: RequestJournal | undefined
  readonly authorize: Authorize
  /** Epoch milliseconds. */
  readonly clock: () => number
}

/** How the body of a route becomes events. */
export type EventReading = {
  readonly cut: (body: Uint8Array) => Work<CutItems>
  readonly eventOf?: (value: unknown) => ItemCheck<unknown>
  /** What the request says outside of its body. */
  readonly besides?: string
}

/** Accepts the events of one request and answers it. */
export type AcceptEvents = (
  c: Context<GatewayEnv, string>,
  reading: EventReading,
) => Promise<Response>

/** Creates what all routes share that accept events. */
export function createAcceptance(options: AcceptanceOptions): AcceptEvents {
  const { config, publisher, clock } = options
  const memory = new IdempotencyMemory(options.journal)
  const waits = new OutcomeWaits(options.outcomes, {
    requestsMax: config.gateway.waitingRequestsMax,
  })
  return async (c, reading) => {
    const work = c.get('work')
    const waitMs = await readWait(c, options)
    const key = idempotencyKey(c.req.header('idempotency-key'))
    const body = await work.body()
    const nowMs = clock()
    const identity = key === undefined ? undefined : { caller: c.get('caller'), key }
    const cut = reading.cut(body)
    const { events, bodySha256 } = await work.steps(
      checkedEvents(body, { ...reading, config, cut, nowMs, identity }),
    )
    const ids = events.map((event) => event.id)
    if (waitMs !== undefined) refuseLongWait(ids, config)
    c.get('takeTexts')(ids.length)
    const leave = waitMs === undefined ? undefined : waits.enter()
    try {
      const publish = async (those: readonly PublishedEvent[]) => {
        if (those.length > 0) {
          await publisher.publish(those, { traceparent: c.get('traceparent') })
        }
      }
      if (identity === undefined) await work.run(() => publish(events))
      else {
        const request = { key: `${identity.caller} ${identity.key}`, bodySha256, nowMs }
        const run = async (state: RunState) => {
          const isFirst = state === 'first'
          await publish(isFirst ? events : await withoutResults(events, options.outcomes))
        }
        await work.run(() => memory.once(request, run))
      }
      if (waitMs === undefined) return c.json({ ids }, 202)
      work.leaveSlot()
      const awaited = await waits.wait(ids, { msMax: waitMs, signal: work.signal })
      return awaitedAnswer(c, events, awaited)
    } finally {
      leave?.()
    }
  }
}

/**
 * The events that have no result yet. The stream drops a repeated id only while it remembers it, so
 * events of an earlier run that already have a row are not published again.
 */
async function withoutResults(
  events: readonly PublishedEvent[],
  outcomes: EventOutcomes,
): Promise<readonly PublishedEvent[]> {
  let left = events
  for (let from = 0; from < left.length;) {
    const ids = left.slice(from, from + idsOfQueryMax).map(({ id }) => id)
    const found = new Set((await outcomes.newestResults(ids)).map(({ eventId }) => eventId))
    // Large results come in parts: ask about the same events until none is found.
    if (found.size === 0) from += idsOfQueryMax
    left = left.filter(({ id }) => !found.has(id))
  }
  return left
}

const idsOfQueryMax = 1_000

/**
 * The milliseconds of `?wait`. Results show stored texts, so such a request needs the scope `read`
 * too. Throws `parameter_invalid`, `unauthorized` or `forbidden`.
 */
async function readWait(
  c: Context<GatewayEnv, string>,
  { config, authorize }: Pick<AcceptanceOptions, 'config' | 'authorize'>,
): Promise<number | undefined> {
  const queries = c.req.queries()
  const other = Object.keys(queries).find((name) => name !== 'wait')
  if (other !== undefined) throw wrongParameter(other, 'is not a parameter of this route')
  const [wait, again] = queries['wait'] ?? []
  if (wait === undefined) return undefined
  if (again !== undefined) throw wrongParameter('wait', 'is given more than once')
  const secondsMax = waitSecondsMax(config.gateway)
  if (!/^[1-9]\d{0,5}$/.test(wait) || Number(wait) > secondsMax) {
    const rule = `must be a whole number from 1 to ${secondsMax} (seconds; gateway.requestMsMax)`
    throw wrongParameter('wait', rule)
  }
  await authorize('read')(c, () => Promise.resolve())
  return Number(wait) * 1_000
}

/** The longest wait, which ends before the request does. */
export function waitSecondsMax(gateway: Pick<Config['gateway'], 'requestMsMax'>): number {
  return Math.max(1, Math.floor(gateway.requestMsMax / 1_000))
}

function refuseLongWait(ids: readonly string[], { gateway }: Pick<Config, 'gateway'>): void {
  const eventsMax = gateway.waitEventsMax
  if (ids.length <= eventsMax) return
  throw new WinnowError(
    'batch_too_large',
    `A request with wait may hold at most ${eventsMax} events (gateway.waitEventsMax), not ${ids.length}`,
    { details: { eventsMax } },
  )
}

function awaitedAnswer(
  c: Context<GatewayEnv>,
  events: readonly PublishedEvent[],
  { results, letters, pending }: Awaited,
): Response {
  const ids = events.map(({ id }) => id)
  const view = textViewOf(c)
  const answer: z.output<typeof awaitedEvents> = {
    ids,
    results: ids.map((id) => {
      const result = results.get(id)
      return result === undefined ? null : resultOnTheWire(result, view)
    }),
    ...(letters.size > 0 && {
      deadLetters: [...letters.values()].map((letter) => ({
        ...letter,
        message: view.show(letter.message),
      })),
    }),
    ...(pending.size > 0 && { pending: [...pending] }),
  }
  return exactJson(c, answer, pending.size > 0 ? 202 : 200)
}

/** Visible ASCII. */
export const idempotencyKeyPattern = '^[!-~]{1,255}$'

/** The Idempotency-Key of a request. Throws `parameter_invalid`. */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || new RegExp(idempotencyKeyPattern).test(header)) return header
  throw new WinnowError(
    'parameter_invalid',
    'Idempotency-Key must be 1 to 255 visible ASCII characters',
    { details: { parameter: 'Idempotency-Key' } },
  )
}

/** The answer to accepted events. */
export const acceptedEvents = z.strictObject({ ids: z.array(z.string()) }).meta({
  examples: [{ ids: ['0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1'] }],
})

/** The answer to a request that waited. */
export const awaitedEvents = z.strictObject({
  ids: z.array(z.string()).describe('In the order of the request, as are the results.'),
  results: z
    .array(resultJson.nullable())
    .describe('The newest result of each event; null if it has none.'),
  deadLetters: z
    .array(z.strictObject({ id: z.string(), code: z.string(), message: z.string() }))
    .optional()
    .describe('The events that were rejected in the stream, and why.'),
  pending: z
    .array(z.string())
    .optional()
    .describe('Ids without an outcome when the wait ended; read them at /v1/results/{id}.'),
})
