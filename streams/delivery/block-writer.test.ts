// Chunks against a writer whose blocks the test stores one by one, on a clock of its own.
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { payloadBytesMax } from '../../schemas/dead-letter.ts'
import {
  filtered,
  forOthers,
  ok,
  rejected,
  type Filtered,
  type Outcome,
} from '../../schemas/outcome.ts'
import type { Block } from '../../schemas/ports/sink.ts'
import { lineageOf, type KafkaRecord } from '../../schemas/record.ts'
import { withOutcome } from '../../tests/support/runner-parts.ts'
import { outputFrom, sampleRecord } from '../../tests/support/sample-records.ts'
import type { RecordOutcome } from '../stages/record-outcome.ts'
import { BlockWriter, type BlockWriterOptions, type WriteResult } from './block-writer.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const settledOf = (one: KafkaRecord, outcome: Outcome<string> = ok(`row ${one.offset}`)) =>
  withOutcome(one, outcome, 'infer')

/** A writer; `blocks` has what it writes, and how each write is to end. */
function started(options: Partial<BlockWriterOptions<string>> = {}) {
  const blocks: {
    block: Block<string>
    end: (result: WriteResult) => void
    fail: (error: Error) => void
  }[] = []
  const failures: unknown[] = []
  const ended: string[] = []
  const writer = new BlockWriter<string>({
    rowsMax: 4,
    ageMsMax: 100,
    nowMs: () => Date.now(),
    pauseMsMin: 100,
    keepsUp: () => false,
    write: (block) =>
      new Promise((resolve, reject) => {
        blocks.push({ block, end: resolve, fail: reject })
      }),
    onFailure: (error) => failures.push(error),
    ...options,
  })
  return {
    writer,
    blocks,
    failures,
    /** What became of chunks, by the first offset of each. */
    ended,
    rows: () => blocks.map(({ block }) => block.outputs.map(({ value }) => value)),
    add: (...offsets: readonly number[]) => {
      writer.add({
        outcomes: offsets.map((offset) => settledOf(sampleRecord(offset))),
        onDurable: () => ended.push(`${offsets[0]} durable`),
        onDropped: () => ended.push(`${offsets[0]} dropped`),
      })
    },
  }
}

const settle = () => vi.advanceTimersByTimeAsync(0)

describe('BlockWriter', () => {
  it('writes at once what has as many rows as a block may have', () => {
    const { add, rows } = started()
    add(0, 1, 2)
    expect(rows()).toEqual([])
    add(3)
    expect(rows()).toEqual([['row 0', 'row 1', 'row 2', 'row 3']])
  })

  it('writes fewer rows when the oldest has waited long enough', async () => {
    const { add, rows } = started()
    add(0)
    await vi.advanceTimersByTimeAsync(60)
    add(1)
    await vi.advanceTimersByTimeAsync(39)
    expect(rows()).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(rows()).toEqual([['row 0', 'row 1']])
  })

  it('writes a lone chunk at once when it keeps up, but pauses after a block', async () => {
    const { add, rows, blocks } = started({ keepsUp: () => true })
    add(0)
    expect(rows()).toEqual([['row 0']])
    blocks[0]!.end('stored')
    await vi.advanceTimersByTimeAsync(30)
    add(1)
    await vi.advanceTimersByTimeAsync(69)
    expect(rows()).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(rows()).toEqual([['row 0'], ['row 1']])
  })

  it('pauses as long as a write took, but no row waits longer than its age allows', async () => {
    const { add, rows, blocks } = started({ keepsUp: () => true, pauseMsMin: 5, ageMsMax: 50 })
    add(0)
    await vi.advanceTimersByTimeAsync(20)
    blocks[0]!.end('stored')
    await settle()
    add(1)
    await vi.advanceTimersByTimeAsync(19)
    expect(rows()).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(rows()).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(400)
    blocks[1]!.end('stored')
    await settle()
    add(2)
    await vi.advanceTimersByTimeAsync(49)
    expect(rows()).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(rows()).toHaveLength(3)
  })

  it('looks again once the consumer keeps up', () => {
    let keepsUp = false
    const { writer, add, rows } = started({ keepsUp: () => keepsUp })
    add(0)
    expect(rows()).toEqual([])
    keepsUp = true
    writer.consider()
    expect(rows()).toEqual([['row 0']])
  })

  it('lets the next block grow while one is being written', async () => {
    const { add, rows, blocks, ended } = started({ rowsMax: 2 })
    add(0, 1)
    add(2)
    add(3)
    add(4, 5)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(rows()).toEqual([['row 0', 'row 1']])
    blocks[0]!.end('stored')
    await settle()
    expect(rows()[1]).toEqual(['row 2', 'row 3'])
    blocks[1]!.end('stored')
    await settle()
    expect(rows()[2]).toEqual(['row 4', 'row 5'])
    expect(ended).toEqual(['0 durable', '2 durable', '3 durable'])
  })

  it('writes a chunk with more rows than a block may have whole and alone', async () => {
    const { add, rows, blocks } = started({ rowsMax: 2 })
    add(0)
    add(1, 2, 3)
    expect(rows()).toEqual([['row 0']])
    blocks[0]!.end('stored')
    await settle()
    expect(rows()[1]).toEqual(['row 1', 'row 2', 'row 3'])
  })

  it('tells the chunks of a block that was not stored that they were dropped', async () => {
    const { add, blocks, ended } = started({ rowsMax: 2 })
    add(0)
    add(1)
    blocks[0]!.end('dropped')
    await settle()
    expect(ended).toEqual(['0 dropped', '1 dropped'])
  })

  it('writes nothing more after a write that failed, and calls none of its chunks durable', async () => {
    const { add, rows, blocks, failures, ended } = started({ rowsMax: 1 })
    add(0)
    add(1)
    const error = new Error('no such table')
    blocks[0]!.fail(error)
    await settle()
    add(2)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(failures).toEqual([error])
    expect(rows()).toEqual([['row 0']])
    expect(ended).toEqual([])
  })

  it('forgets at a reset what waits, and resolves once the write under way has ended', async () => {
    const { writer, add, rows, blocks, ended } = started({ rowsMax: 1 })
    add(0)
    add(1)
    let isReset = false
    const reset = writer.reset().then(() => {
      isReset = true
    })
    await settle()
    expect({ isReset, ended }).toEqual({ isReset: false, ended: ['1 dropped'] })
    blocks[0]!.end('stored')
    await reset
    expect(ended).toEqual(['1 dropped', '0 durable'])
    add(7)
    expect(rows()).toEqual([['row 0'], ['row 7']])
  })

  it('leaves no timer behind after a reset', async () => {
    const { writer, add } = started()
    add(0)
    await writer.reset()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('writes each chunk once, whole and in order, whatever the timings', async () => {
    const step = fc.record({
      rows: fc.nat({ max: 6 }),
      takesMs: fc.nat({ max: 400 }),
      thenMs: fc.nat({ max: 200 }),
      keepsUp: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const written: string[][] = []
        const durable: number[] = []
        let keepsUp = false
        let underWay = 0
        const plan = [...steps]
        const { writer } = started({
          keepsUp: () => keepsUp,
          async write({ outputs }) {
            expect(++underWay).toBe(1)
            written.push(outputs.map(({ value }) => value))
            const { takesMs } = plan.shift() ?? { takesMs: 1 }
            await new Promise((resolve) => setTimeout(resolve, takesMs))
            underWay--
            return 'stored'
          },
        })
        let offset = 0
        const chunkOf = steps.flatMap(({ rows }, at) => Array<number>(rows).fill(at))
        for (const [at, { rows, thenMs, ...one }] of steps.entries()) {
          keepsUp = one.keepsUp
          const outcomes = Array.from({ length: rows }, () => settledOf(sampleRecord(offset++)))
          writer.add({
            outcomes,
            onDurable: () => durable.push(at),
            onDropped: () => expect.unreachable(),
          })
          await vi.advanceTimersByTimeAsync(thenMs)
        }
        await vi.runAllTimersAsync()
        expect(durable).toEqual([...steps.keys()])
        expect(written.flat()).toEqual(Array.from({ length: offset }, (_, at) => `row ${at}`))
        for (const block of written) {
          const chunks = new Set(block.map((row) => chunkOf[Number(row.slice(4))]))
          expect(block.length <= 4 || chunks.size === 1).toBe(true)
        }
      }),
    )
  })
})

describe('a block', () => {
  /** What the writer makes of these at a time. */
  function blockOf(...outcomes: readonly RecordOutcome<string>[]): Block<string> {
    const { writer, blocks } = started({ rowsMax: 1, nowMs: () => 1_700_000_000_000 })
    writer.add({ outcomes, onDurable: () => undefined, onDropped: () => undefined })
    return blocks[0]!.block
  }

  it('has rows and dead letters apart, with where each entered', () => {
    const good = sampleRecord(1)
    const lineage = { origin: { topic: 't', partition: 0, offset: 2, recordTimeMs: 7 }, attempt: 3 }
    const bad = sampleRecord(9, { key: Buffer.from('k'), lineage })
    expect(blockOf(settledOf(good), settledOf(bad, rejected('text_empty', 'empty')))).toEqual({
      token: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      outputs: [outputFrom(good, 'row 1')],
      records: expect.any(Map) as ReadonlyMap<unknown, unknown>,
      deadLetters: [
        {
          ...lineage.origin,
          attempt: 3,
          code: 'text_empty',
          message: 'empty',
          stage: 'infer',
          rejectedAtMs: 1_700_000_000_000,
          key: bad.key,
          payload: bad.value,
          payloadBytes: bad.value!.length,
          payloadTopic: '',
          model: '',
        },
      ],
    })
  })

  it('notes what a filter leaves out, but neither what is for others nor later attempts', () => {
    const origin = { topic: 't', partition: 0, offset: 2, recordTimeMs: 7 }
    const again = sampleRecord(9, { lineage: { origin, attempt: 1 } })
    const leftOut = (record: KafkaRecord, outcome: Filtered) => ({ ...settledOf(record), outcome })
    const {
      outputs,
      deadLetters,
      filtered: noted,
    } = blockOf(
      leftOut(sampleRecord(1), filtered),
      leftOut(sampleRecord(2), forOthers),
      leftOut(again, filtered),
    )
    const { topic, partition, offset, recordTimeMs } = sampleRecord(1)
    expect([outputs, deadLetters]).toEqual([[], []])
    expect(noted).toEqual([{ topic, partition, offset, recordTimeMs }])
  })

  it('has the same token for the same events with the same outcomes, and for no others', () => {
    const failed = rejected('text_empty', 'empty')
    const one = sampleRecord(1)
    const again = (attempt: number) =>
      sampleRecord(1, { lineage: { ...lineageOf(sampleRecord(0)), attempt } })
    const tokens = [
      blockOf(settledOf(one)),
      blockOf(settledOf(sampleRecord(2))),
      blockOf(settledOf(sampleRecord(1, { partition: 3 }))),
      blockOf(settledOf(sampleRecord(1, { topic: 'u' }))),
      blockOf(settledOf(sampleRecord(1, { recordTimeMs: 4 }))),
      blockOf(settledOf(again(1))),
      blockOf(settledOf(again(2))),
      blockOf(settledOf(one, failed)),
      blockOf(settledOf(one), settledOf(sampleRecord(2))),
    ].map(({ token }) => token)
    expect(new Set(tokens).size).toBe(tokens.length)
    expect(blockOf(settledOf(one, ok('another row'))).token).toBe(tokens[0])
  })

  it('keeps the beginning of a payload and its length, and nothing of a record without value', () => {
    const large = sampleRecord(1, { value: Buffer.alloc(payloadBytesMax + 5, 'x') })
    const failed = rejected('text_too_long', 'long')
    const { deadLetters } = blockOf(
      settledOf(large, failed),
      settledOf(sampleRecord(2, { value: null }), failed),
    )
    expect(deadLetters.map(({ payload }) => payload?.length)).toEqual([payloadBytesMax, undefined])
    expect(deadLetters.map(({ payloadBytes }) => payloadBytes)).toEqual([payloadBytesMax + 5, 0])
  })

  it('cuts a long message, and leaves no half of a surrogate pair', () => {
    const message = `${'x'.repeat(999)}\u{1f600}`
    const { deadLetters } = blockOf(settledOf(sampleRecord(1), rejected('json_invalid', message)))
    expect(deadLetters[0]!.message).toBe(`${'x'.repeat(999)}\ufffd`)
  })

  it('names the topic of the value where the event entered on another', () => {
    const { origin } = lineageOf(sampleRecord(1))
    const value = sampleRecord(4, { topic: 'validated' })
    const outcome = rejected('avro_undecodable', 'no')
    const outcomes = { record: value, origin, attempt: 0, stage: 'tokenize', outcome }
    expect(blockOf(outcomes).deadLetters[0]).toMatchObject({ ...origin, payloadTopic: 'validated' })
  })
})
