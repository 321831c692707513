import { describe, expect, it } from 'vitest'
import type { Origin } from '../../schemas/validated.ts'
import { StoredOffsets } from './stored-offsets.ts'

const event = (offset: number, attempt = 0) => ({
  origin: { topic: 't', partition: 0, offset, recordTimeMs: offset + 7 },
  attempt,
})

/** A sink that has every even offset below `end`, read in pages of `rows`. */
function evenOffsets(end: number, rows: number, settled: Record<number, number> = {}) {
  let reads = 0
  const lookups: number[][] = []
  const page = (from: number) => {
    reads++
    const times = new Map<number, number>()
    for (let at = from + (from % 2); at < end && times.size < rows; at += 2) times.set(at, at + 7)
    const last = [...times.keys()].at(-1)
    return Promise.resolve({
      recordTimeMsByOffset: times,
      through: times.size < rows ? Infinity : last!,
    })
  }
  const attempts = (origins: readonly Origin[]) => {
    lookups.push(origins.map(({ offset }) => offset))
    return Promise.resolve(origins.map(({ offset }) => settled[offset] ?? -1))
  }
  const offsets = new StoredOffsets({ recover: () => Promise.resolve(), page, attempts })
  return { offsets, reads: () => reads, lookups }
}

describe('StoredOffsets', () => {
  it('claims what the sink lacks, once, over many pages', async () => {
    const { offsets, reads } = evenOffsets(100_000, 5_000)
    for (let at = 0; at < 101_000; at++) {
      expect(await offsets.claim(event(at))).toBe(at % 2 === 1 || at >= 100_000)
    }
    expect(reads()).toBe(11)
    expect(await offsets.claim(event(100_999))).toBe(false)
  })

  it('asks the sink again for offsets before those that it remembers', async () => {
    const { offsets } = evenOffsets(10, 100)
    for (let at = 0; at < 40_000; at++) await offsets.claim(event(at))
    // Offset 3 was claimed by this session, but is forgotten and not in the sink.
    expect(await offsets.has(event(4))).toBe(true)
    expect(await offsets.has(event(39_999))).toBe(true)
  })

  it('takes another record time for another event', async () => {
    const { offsets } = evenOffsets(10, 100)
    expect(
      await offsets.claim({ origin: { ...event(4).origin, recordTimeMs: 1 }, attempt: 0 }),
    ).toBe(true)
  })

  it('finds what lies before the first offset that it was asked for', async () => {
    const { offsets } = evenOffsets(100, 1_000)
    expect(await offsets.has(event(50))).toBe(true)
    expect(await offsets.has(event(8))).toBe(true)
    expect(await offsets.has(event(9))).toBe(false)
  })

  it('claims each attempt at a dead letter once, in whatever order they come', async () => {
    const { offsets, lookups } = evenOffsets(100, 10, { 4: 0, 6: 2, 8: Infinity })
    expect(await offsets.claim(event(101))).toBe(true)
    await offsets.prepare([event(4, 1), event(6, 1), event(8, 1), event(102)])
    expect(lookups).toEqual([[4, 6, 8]])
    expect(await offsets.claim(event(4, 1))).toBe(true)
    expect(await offsets.claim(event(4, 1))).toBe(false)
    expect(await offsets.claim(event(6, 2))).toBe(false)
    expect(await offsets.claim(event(6, 3))).toBe(true)
    expect(await offsets.claim(event(8, 9))).toBe(false)
    // The events themselves, delivered again, are still recognised; so is all that lies behind.
    for (const offset of [4, 6, 8, 60, 101]) expect(await offsets.has(event(offset))).toBe(true)
    expect(await offsets.claim(event(102))).toBe(true)
    expect(lookups).toHaveLength(1)
  })

  it('claims an attempt once although the sink, asked before, answers after', async () => {
    const answers: (() => void)[] = []
    const offsets = new StoredOffsets({
      recover: () => Promise.resolve(),
      page: () => Promise.resolve({ recordTimeMsByOffset: new Map(), through: Infinity }),
      attempts: () => new Promise((resolve) => answers.push(() => resolve([0]))),
    })
    const asked = offsets.has(event(4, 1))
    const claimed = offsets.claim(event(4, 1))
    answers[1]!()
    expect(await claimed).toBe(true)
    answers[0]!()
    await asked
    expect(await offsets.claim(event(4, 1))).toBe(false)
  })

  it('drops an attempt at an event that is itself under way', async () => {
    const { offsets } = evenOffsets(0, 10)
    expect(await offsets.claim(event(3))).toBe(true)
    expect(await offsets.claim(event(3, 1))).toBe(false)
  })

  it('takes an event whose dead letter another model has for its own', async () => {
    const { offsets } = evenOffsets(0, 10)
    expect(await offsets.claim(event(3, 1))).toBe(true)
    expect(await offsets.has(event(3))).toBe(true)
  })
})
