import { describe, expect, it } from 'vitest'
import { DeliveredOffsets } from './delivered-offsets.ts'

const origin = (offset: number) => ({ topic: 't', partition: 0, offset, recordTimeMs: offset + 7 })

/** A sink that has every even offset below `end`, read in pages of `rows`. */
function evenOffsets(end: number, rows: number) {
  let reads = 0
  const offsets = new DeliveredOffsets((from) => {
    reads++
    const page = new Map<number, number>()
    for (let at = from + (from % 2); at < end && page.size < rows; at += 2) page.set(at, at + 7)
    const last = [...page.keys()].at(-1)
    return Promise.resolve({
      recordTimeMsByOffset: page,
      through: page.size < rows ? Infinity : last!,
    })
  })
  return { offsets, reads: () => reads }
}

describe('DeliveredOffsets', () => {
  it('claims what the sink lacks, once, over many pages', async () => {
    const { offsets, reads } = evenOffsets(100_000, 5_000)
    for (let at = 0; at < 101_000; at++) {
      expect(await offsets.claim(origin(at))).toBe(at % 2 === 1 || at >= 100_000)
    }
    expect(reads()).toBe(11)
    expect(await offsets.claim(origin(100_999))).toBe(false)
  })

  it('asks the sink again for offsets before those that it remembers', async () => {
    const { offsets } = evenOffsets(10, 100)
    for (let at = 0; at < 40_000; at++) await offsets.claim(origin(at))
    // Offset 3 was claimed by this session, but is forgotten and not in the sink.
    expect(await offsets.has(origin(4))).toBe(true)
    expect(await offsets.has(origin(39_999))).toBe(true)
  })

  it('takes another record time for another event', async () => {
    const { offsets } = evenOffsets(10, 100)
    expect(await offsets.claim({ ...origin(4), recordTimeMs: 1 })).toBe(true)
  })

  it('finds what lies before the first offset that it was asked for', async () => {
    const { offsets } = evenOffsets(100, 1_000)
    expect(await offsets.has(origin(50))).toBe(true)
    expect(await offsets.has(origin(8))).toBe(true)
    expect(await offsets.has(origin(9))).toBe(false)
  })
})
