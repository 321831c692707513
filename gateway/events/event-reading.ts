// Turns the body of a request into checked events with ids. Each format of bodies says how to cut a
// body into items and how an item becomes an event; the checks are the same for all.
import { createHash } from 'node:crypto'
import type { Config } from '../../configs/schema.ts'
import type { Work } from '../../models/runtime/sliced-work.ts'
import type { CutItems } from '../bodies/event-body.ts'
import type { PublishedEvent } from '../http/dependencies.ts'
import { checkEvent } from './event-check.ts'
import { repeatableId, timeOrderedId, type RequestIdentity } from './event-ids.ts'
import { checkItems, type ItemCheck } from './item-checks.ts'

/** What identifies a request besides its body; absent without an Idempotency-Key. */
export type RequestKey = Pick<RequestIdentity, 'caller' | 'key'>

/** Every event of the request with its id. Throws `items_invalid` if any event is invalid. */
export function* checkedEvents(
  body: Uint8Array,
  options: {
    readonly config: Pick<Config, 'gateway' | 'limits'>
    readonly cut: Work<CutItems>
    /** Makes an event of an item that is none yet, such as a CloudEvent. */
    readonly eventOf?: ((value: unknown) => ItemCheck<unknown>) | undefined
    /** What the request says outside of its body, so that its key does not cover other requests. */
    readonly besides?: string | undefined
    readonly nowMs: number
    readonly identity: RequestKey | undefined
  },
): Work<{ events: PublishedEvent[]; bodySha256: string }> {
  const { config, nowMs, identity, eventOf } = options
  const bodySha256 = identity === undefined ? '' : sha256(body, options.besides)
  yield
  const idAt = (index: number) =>
    identity === undefined ? timeOrderedId(nowMs) : repeatableId({ ...identity, bodySha256 }, index)
  const indexById = new Map<string, number>()
  const check = (value: unknown, index: number): ItemCheck<PublishedEvent> => {
    const read = eventOf?.(value) ?? { kind: 'ok', item: value }
    if (read.kind === 'rejected') return read
    const checked = checkEvent(read.item, { limits: config.limits, nowMs })
    if (checked.kind === 'rejected') return checked
    const { id } = checked.event
    const first = id === undefined ? undefined : indexById.get(id)
    if (id !== undefined) indexById.set(id, first ?? index)
    if (first === undefined || config.limits.duplicateWindow === 0) {
      return { kind: 'ok', item: { ...checked.event, id: id ?? idAt(index) } }
    }
    const message = `the event at index ${first} has the same id`
    return { kind: 'rejected', defects: [{ code: 'duplicate_id', field: 'id', message }] }
  }
  const events = yield* checkItems(options.cut, { noun: 'events', check })
  return { events, bodySha256 }
}

function sha256(body: Uint8Array, besides: string | undefined): string {
  const hash = createHash('sha256').update(body)
  return (besides === undefined ? hash : hash.update('\n').update(besides)).digest('hex')
}
