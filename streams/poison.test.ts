// Every case of the poison suite through the transforms alone; tests/integration/poison.test.ts
// sends the same ones through the real stack.
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../configs/load.ts'
import { resolveSchemas } from '../infra/avro/resolution.ts'
import { readSchemaGraph } from '../infra/avro/schema-graph.ts'
import { finish } from '../models/runtime/sliced-work.ts'
import { eventAvro, type EventRecord } from '../schemas/event.ts'
import { validatedAvro } from '../schemas/validated.ts'
import { readSchemaId } from '../schemas/schema-id.ts'
import { oddEvents, poisonCases, poisonCleaning } from '../tests/support/poison.ts'
import { intTextAvro, recursiveAvro, widerAvro } from '../tests/support/poison.ts'
import { decodeEvent, type AvroReader } from './stages/decode-event.ts'
import { DuplicateWindow } from './stages/duplicate-window.ts'
import { rejected, type Filtered, type Outcome } from '../schemas/outcome.ts'
import { validateEvent } from './stages/validate.ts'

const nowMs = Date.UTC(2026, 5, 1)
const ids = {
  event: 1,
  wider: 2,
  validated: 3,
  string: 4,
  intText: 5,
  recursive: 6,
  unknown: 999,
}
const graphOf = (schema: object) => {
  const graph = readSchemaGraph(schema)
  if (graph.kind === 'rejected') throw new TypeError(graph.message)
  return graph.root
}
const writers = new Map<unknown, object>([
  [ids.event, eventAvro],
  [ids.wider, widerAvro],
  [ids.validated, validatedAvro],
  [ids.string, { type: 'string' }],
  [ids.intText, intTextAvro],
  [ids.recursive, recursiveAvro],
])

/** Reads as the registry client does. */
const readEvent: AvroReader<EventRecord> = (value) => {
  const identified = readSchemaId(value)
  if (identified.kind === 'rejected') {
    return Promise.resolve(rejected('avro_undecodable', identified.message))
  }
  const writer = writers.get(identified.schema.id)
  if (writer === undefined) return Promise.resolve(rejected('schema_unknown', 'no writer'))
  const resolution = resolveSchemas(graphOf(writer), graphOf(eventAvro))
  if (resolution.kind === 'ok') return Promise.resolve(resolution.read(identified.body))
  return Promise.resolve(rejected('schema_mismatch', resolution.message))
}

async function outcomeOf(value: Buffer | null): Promise<Outcome<unknown> | Filtered> {
  const { limits } = loadConfig({ env: {} })
  const event = await decodeEvent(value, readEvent)
  if (event.kind === 'rejected') return event
  const origin = { topic: 't', partition: 0, offset: 7, recordTimeMs: nowMs - 1_000 }
  const rules = { limits, cleaning: { steps: [...poisonCleaning] }, nowMs }
  const window = new DuplicateWindow(10)
  return finish(validateEvent(event.value, { origin, attempt: 0 }, { ...rules, window }))
}

const cases = poisonCases(ids, nowMs)
/** The slowest take a fraction of a second; where time grows with the square, they took minutes. */
const msMax = 25_000

describe('poison', { timeout: 60_000 }, () => {
  it('has at least 150 cases, each with a name of its own', () => {
    expect(cases.length).toBeGreaterThanOrEqual(150)
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  })

  it.each(cases.map((one) => [one.name, one.code, one] as const))(
    '%s: %s',
    async (_name, code, { value }) => {
      const startMs = performance.now()
      const outcome = await outcomeOf(value)
      expect(outcome.kind === 'rejected' ? outcome.error.code : 'ok').toBe(code)
      expect(performance.now() - startMs).toBeLessThan(msMax)
    },
  )

  it.each(oddEvents(ids, nowMs).map((one) => [one.id.slice(0, 20), one] as const))(
    '%s is an event',
    async (_name, { id, value }) => {
      const startMs = performance.now()
      expect(await outcomeOf(value)).toMatchObject({ kind: 'ok', value: { id } })
      expect(performance.now() - startMs).toBeLessThan(msMax)
    },
  )
})
