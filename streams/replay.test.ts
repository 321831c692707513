import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ok, rejected } from '../schemas/outcome.ts'
import { chainOf, withOutcome } from '../tests/support/runner-parts.ts'
import { sampleRecord } from '../tests/support/sample-records.ts'
import { replay, type ReplayBlock, type ReplayChunk } from './replay.ts'

const limits = { eventsMax: 300, bytesMax: 1e6, blockRowsMax: 200 }

const recordsOf = (partition: number, from: number, count: number) =>
  Array.from({ length: count }, (_, index) => sampleRecord(from + index, { partition }))

/** Every tenth event is bad; a chunk takes as many turns as its first offset says. */
const chain = chainOf<number>(async (records) => {
  for (let turn = 0; turn < (records[0]!.offset * 7) % 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  return records.map((record) =>
    withOutcome(record, record.offset % 10 === 0 ? rejected('text_empty', '') : ok(record.offset)),
  )
})

async function* chunksOf(chunks: readonly ReplayChunk[]): AsyncGenerator<ReplayChunk> {
  for (const chunk of chunks) {
    await Promise.resolve()
    yield chunk
  }
}

describe('replay', () => {
  it('writes each partition whole and in order, in blocks, and counts what was rejected', async () => {
    const sizes = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 300 })), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(sizes, async (script) => {
        const next = [0, 0, 0]
        const chunks = script.map(([partition, count]) => {
          const records = recordsOf(partition, next[partition]!, count)
          next[partition]! += count
          return { partition, records }
        })
        const blocks: ReplayBlock<number>[] = []
        const done = await replay({
          chunks: chunksOf(chunks),
          chain,
          limits,
          write: (block) => {
            blocks.push(block)
            return Promise.resolve()
          },
        })
        for (const [partition, count] of next.entries()) {
          const own = blocks.filter((block) => block.partition === partition)
          const offsets = own.flatMap(({ outcomes }) => outcomes.map(({ record }) => record.offset))
          expect(offsets).toEqual(Array.from({ length: count }, (_, offset) => offset))
          for (const { from, through, outcomes } of own)
            expect(through - from + 1).toBe(outcomes.length)
        }
        expect(done.events).toBe(next.reduce((a, b) => a + b))
        expect(done.results + (done.rejected['text_empty'] ?? 0)).toBe(done.events)
      }),
      { numRuns: 30 },
    )
  })

  it('ends with the error of a write, and writes nothing of that partition after it', async () => {
    const chunks = Array.from({ length: 20 }, (_, at) => ({
      partition: 0,
      records: recordsOf(0, at * 100, 100),
    }))
    let writes = 0
    const running = replay({
      chunks: chunksOf(chunks),
      chain,
      limits,
      write: () => (++writes === 2 ? Promise.reject(new Error('disk full')) : Promise.resolve()),
    })
    await expect(running).rejects.toThrow('disk full')
    expect(writes).toBe(2)
  })
})
