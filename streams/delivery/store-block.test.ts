// Blocks against a sink in memory that takes few rows at a time, or none for a while.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { createMemorySink } from '../../tests/support/memory-sink.ts'
import { outputFrom, sampleDeadLetter, sampleRecord } from '../../tests/support/sample-records.ts'
import { retry } from '../../models/runtime/retry.ts'
import { rowsOf, storeBlock } from './store-block.ts'

const tooLarge = () =>
  new WinnowError('analytics_unavailable', 'no memory', { details: { smallerMayPass: true } })

function blockOf(rows: number, letters: number, notes = 0) {
  const outputs = Array.from({ length: rows }, (_, offset) =>
    outputFrom(sampleRecord(offset), `row ${offset}`),
  )
  const deadLetters = Array.from({ length: letters }, (_, at) =>
    sampleDeadLetter({ topic: 't', partition: 0, offset: rows + at }),
  )
  const filtered = Array.from({ length: notes }, (_, at) => ({
    ...{ topic: 't', partition: 0, offset: rows + letters + at, recordTimeMs: 1 },
  }))
  return { token: 'block', outputs, deadLetters, filtered }
}

/**
 * Writes a block into a sink that refuses, by `refuse`, what has so many rows; gives the sizes
 * written.
 */
async function stored(
  block: ReturnType<typeof blockOf>,
  refuse: (rows: number, tries: number) => Error | undefined,
) {
  const sink = createMemorySink<string>()
  const sizes: number[] = []
  const notes = new Set<number>()
  let tries = 0
  let logged = 0
  const fence = await sink.fence([0])
  await storeBlock(block, {
    sink: {
      ...sink,
      write(part, under) {
        const rows = rowsOf(part)
        const refusal = refuse(rows, ++tries)
        if (refusal !== undefined) return Promise.reject(refusal)
        sizes.push(rows)
        for (const { offset } of part.filtered ?? []) notes.add(offset)
        return sink.write(part, under)
      },
    },
    fence,
    onFence: () => undefined,
    patiently: (call) =>
      retry(call, {
        pauseMsMax: 0,
        signal: new AbortController().signal,
        onRetry: () => {
          logged++
        },
      }),
  })
  return { rows: sink.rows, letters: sink.letters, notes: [...notes], sizes, tries, logged }
}

describe('storeBlock', () => {
  it('writes a block at once where the sink takes it', async () => {
    const done = await stored(blockOf(100, 5), () => undefined)
    expect(done).toMatchObject({ sizes: [105], logged: 0 })
  })

  it('halves what is too large until it passes, and grows again', async () => {
    const done = await stored(blockOf(90, 10), (rows) => (rows > 30 ? tooLarge() : undefined))
    expect(done.rows).toEqual(blockOf(90, 10).outputs.map(({ value }) => value))
    expect(done.letters).toHaveLength(10)
    expect(Math.max(...done.sizes)).toBeLessThanOrEqual(30)
    expect(done.tries).toBeLessThan(20)
  })

  it('writes the whole block again after an outage that has nothing to do with its size', async () => {
    const away = new WinnowError('analytics_unavailable', 'away')
    const done = await stored(blockOf(100, 0), (_, tries) => (tries < 20 ? away : undefined))
    expect(done).toMatchObject({ sizes: [100], logged: 19 })
  })

  it('needs few writes after a long outage that might have to do with it', async () => {
    const done = await stored(blockOf(2_000, 0), (_, tries) =>
      tries < 50 ? tooLarge() : undefined,
    )
    expect(done.rows).toHaveLength(2_000)
    expect(done.sizes.length).toBeLessThanOrEqual(11)
  })

  it('ends with what is refused for good', async () => {
    const refused = new WinnowError('analytics_refused', 'no such table')
    await expect(stored(blockOf(3, 0), () => refused)).rejects.toBe(refused)
  })

  it('stores each row once, whatever fails when', async () => {
    const failure = fc.constantFrom('none', 'too large', 'away')
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 10 }),
        fc.integer({ min: 0, max: 10 }),
        fc.array(failure, { maxLength: 15 }),
        async (rows, letters, notes, plan) => {
          const done = await stored(blockOf(rows, letters, notes), (_, tries) => {
            const next = plan[tries - 1] ?? 'none'
            if (next === 'none') return undefined
            return next === 'away' ? new WinnowError('analytics_unavailable', 'x') : tooLarge()
          })
          expect(done.rows).toEqual(blockOf(rows, letters).outputs.map(({ value }) => value))
          expect(done.letters.map(({ offset }) => offset - rows)).toEqual([
            ...Array(letters).keys(),
          ])
          // A note may be written more than once, and counts once.
          expect(done.notes.map((offset) => offset - rows - letters)).toEqual([
            ...Array(notes).keys(),
          ])
        },
      ),
      { numRuns: 50 },
    )
  })
})
