// Chunks of hostile records through the real stages: how long they keep the event loop, on which
// the heartbeats of the consumer run, and that sharing it changes no result.
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../configs/load.ts'
import { longestBlockMs, processorMs } from '../tests/support/processor-time.ts'
import { sampleRecord } from '../tests/support/sample-records.ts'
import { rejected } from '../schemas/outcome.ts'
import type { Validated } from '../schemas/validated.ts'
import { createPipeline, type AvroReaders } from './pipeline.ts'

const nowMs = Date.UTC(2026, 0, 1)
const defaults = loadConfig({ env: { WINNOW_CLEANING_STEPS: 'unicode,markup,whitespace' } })

function validateChain(config = defaults) {
  const read = () => Promise.resolve(rejected('avro_undecodable', 'no Avro here'))
  const readers = { events: read, validated: read, tokenized: read } satisfies AvroReaders
  return createPipeline({
    range: { first: 'validate', last: 'validate' },
    config,
    readers,
    models: undefined,
    nowMs: () => nowMs,
  })
}

const recordOf = (offset: number, event: object) =>
  sampleRecord(offset, { recordTimeMs: nowMs, value: Buffer.from(JSON.stringify(event)) })

describe('a chunk of hostile texts', () => {
  it('leaves the event loop to others within the time of one text', async () => {
    const texts = [
      '<h1></x>',
      '<ul><li><br>',
      '\u0301\u0323',
      '</title><b>',
      'a&amp; ',
      '<p>\u1e69',
    ]
    const records = Array.from({ length: 12 }, (_, offset) => {
      const part = texts[offset % texts.length]!
      const text = `x${part.repeat(Math.floor(250_000 / Buffer.byteLength(part)))}y`
      return recordOf(offset, { text })
    })
    const chain = validateChain()
    const beganMs = processorMs()
    const chunks = [records.slice(0, 6), records.slice(6)].map((part) => chain.begin(0).apply(part))
    const blockMs = await longestBlockMs(Promise.all(chunks))
    const outcomes = (await Promise.all(chunks)).flat()
    expect(outcomes.map(({ outcome }) => outcome.kind)).toEqual(records.map(() => 'ok'))
    expect(outcomes.map(({ origin }) => origin.offset)).toEqual(records.map(({ offset }) => offset))
    // Measured: 0.5 to 1 s in all, 50 to 90 ms for the longest block.
    expect(blockMs).toBeLessThan(300)
    expect(processorMs() - beganMs).toBeGreaterThan(blockMs)
  })

  it('does not let a later chunk take the id of an earlier event', async () => {
    const slow = { text: `x${'<p>\u1e69'.repeat(40_000)}` }
    const first = [recordOf(0, slow), recordOf(1, slow), recordOf(2, { id: 'a', text: 'one' })]
    const second = [recordOf(3, { id: 'a', text: 'two' })]
    const chain = validateChain()
    const [one, two] = await Promise.all([
      chain.begin(0).apply(first),
      chain.begin(0).apply(second),
    ])
    expect(one.map(({ outcome }) => outcome.kind)).toEqual(['ok', 'ok', 'ok'])
    expect(two[0]!.outcome).toMatchObject({ kind: 'rejected', error: { code: 'duplicate_id' } })
  })
})

describe('languages', () => {
  it('are told for each event, and those that are not wanted are filtered', async () => {
    const config = loadConfig({ env: {}, set: ['language.only=de,fr,und'] })
    const texts = ['Wo ist mein Paket?', 'Where is my parcel?', 'Où est mon colis ?', 'ok']
    const outcomes = await validateChain(config)
      .begin(0)
      .apply(texts.map((text, offset) => recordOf(offset, { text })))
    const found = outcomes.map(({ outcome }) =>
      outcome.kind === 'ok' ? (outcome.value as Validated).attributes : outcome.kind,
    )
    expect(found).toEqual([{ language: 'de' }, 'filtered', { language: 'fr' }, { language: 'und' }])
  })

  it('do not matter by default', async () => {
    const [one] = await validateChain()
      .begin(0)
      .apply([recordOf(0, { text: 'Where is my parcel?' })])
    expect(one?.outcome).toMatchObject({ kind: 'ok', value: { attributes: {} } })
  })
})
