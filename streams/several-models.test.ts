// The runner where several models classify each event. The sink has some outcomes of some models
// already, and writes fail half-way; each model ends with one outcome for each event.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { loadConfig } from '../configs/load.ts'
import { WinnowError } from '../schemas/errors.ts'
import { ok, rejected } from '../schemas/outcome.ts'
import { lineageOf } from '../schemas/record.ts'
import { createMemorySink, type MemorySinkFailure } from '../tests/support/memory-sink.ts'
import {
  chainOf,
  chunkOf,
  drivenSource,
  noMetrics,
  withOutcome,
} from '../tests/support/runner-parts.ts'
import { outputFrom, sampleRecord } from '../tests/support/sample-records.ts'
import { until } from '../tests/support/until.ts'
import { createRunner } from './runner.ts'
import type { RecordOutcome } from './stages/record-outcome.ts'

const models = ['mood', 'intent']
const events = 12

/** Mood rejects every fourth event, intent none. */
const isRejected = (model: string, offset: number) => model === 'mood' && offset % 4 === 0
const rowOf = (model: string, offset: number) => `${model} ${offset}`

function outcomesOf(offset: number): RecordOutcome<string>[] {
  const record = sampleRecord(offset)
  return models.map((model) => ({
    ...withOutcome<string>(
      record,
      isRejected(model, offset) ? rejected('output_invalid', 'NaN') : ok(rowOf(model, offset)),
    ),
    model,
  }))
}

/** A sink that has these outcomes from an earlier life. */
async function sinkWith(stored: readonly (readonly [model: string, offset: number])[]) {
  const sink = createMemorySink<string>()
  const outputs = stored
    .filter(([model, offset]) => !isRejected(model, offset))
    .map(([model, offset]) => ({
      ...outputFrom(sampleRecord(offset), rowOf(model, offset)),
      model,
    }))
  const letters = stored.filter(([model, offset]) => isRejected(model, offset))
  const deadLetters = letters.map(([model, offset]) => ({
    ...lineageOf(sampleRecord(offset)).origin,
    ...{ code: 'output_invalid', message: 'NaN', stage: 'infer', rejectedAtMs: 0, key: null },
    ...{ payload: null, payloadBytes: 0, payloadTopic: '', model, attempt: 0 },
  }))
  await sink.write({ token: 'before', outputs, deadLetters }, await sink.fence([0]))
  return sink
}

it('gives each model one outcome for each event', async () => {
  const pairs = models.flatMap((model) =>
    Array.from({ length: events }, (_, offset) => [model, offset] as const),
  )
  const away = new WinnowError('analytics_unavailable', 'away')
  const failure = fc.constantFrom('nothing', 'rows').map((stored): MemorySinkFailure => ({
    error: away,
    stored,
  }))
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(pairs),
      fc.array(failure, { maxLength: 2 }),
      async (stored, failures) => {
        const sink = await sinkWith(stored)
        sink.failures.push(...failures)
        const computed: number[] = []
        const chain = chainOf<string>((records) => {
          computed.push(...records.map(({ offset }) => offset))
          return Promise.resolve(records.flatMap(({ offset }) => outcomesOf(offset)))
        })
        const commits: number[] = []
        const { source, handlers } = drivenSource({
          commit: (offsets) => {
            commits.push(...offsets.map(({ offset }) => offset))
            return Promise.resolve()
          },
        })
        const runner = createRunner<string>({
          source,
          chain: { ...chain, models },
          sink,
          config: loadConfig({ env: {}, set: ['stream.blockAgeMsMax=1', 'stream.retryMsMax=1'] })
            .stream,
          metrics: noMetrics,
          log: () => undefined,
        })
        await runner.start()
        for (let from = 0; from < events; from += 4) {
          const records = [0, 1, 2, 3].map((at) => sampleRecord(from + at))
          await handlers().onChunk(chunkOf(records), () => Promise.resolve())
        }
        await until('the commits', () => commits.at(-1) === events)
        await runner.stop()
        const expected = pairs.filter(([model, offset]) => !isRejected(model, offset))
        expect(sink.rows.toSorted()).toEqual(expected.map((pair) => rowOf(...pair)).toSorted())
        const letters = sink.letters.map(({ model, offset }) => rowOf(model, offset))
        expect(letters.toSorted()).toEqual(['mood 0', 'mood 4', 'mood 8'])
        // What all models have is not computed again.
        const whole = Array.from({ length: events }, (_, offset) => offset).filter((offset) =>
          models.every((model) => stored.some(([m, at]) => m === model && at === offset)),
        )
        expect(computed.filter((offset) => whole.includes(offset))).toEqual([])
      },
    ),
    { numRuns: 30 },
  )
})
