import { describe, expect, it } from 'vitest'
import { keepBriefly } from './briefly-kept.ts'

function counter() {
  let nowMs = 0
  let reads = 0
  const kept = keepBriefly(() => Promise.resolve(++reads), { msMax: 100, nowMs: () => nowMs })
  return { kept, pass: (ms: number) => (nowMs += ms) }
}

describe('keepBriefly', () => {
  it('reads once for all who ask at the same time and shortly after', async () => {
    const { kept, pass } = counter()
    expect(await Promise.all([kept.read(), kept.read()])).toEqual([1, 1])
    pass(99)
    expect(await kept.read()).toBe(1)
    pass(1)
    expect(await kept.read()).toBe(2)
  })

  it('counts the time from the end of the reading', async () => {
    let nowMs = 0
    let end = (): void => undefined
    let reads = 0
    const read = (): Promise<number> => {
      const mine = ++reads
      return new Promise((resolve) => {
        end = () => resolve(mine)
      })
    }
    const kept = keepBriefly(read, { msMax: 100, nowMs: () => nowMs })
    const first = kept.read()
    nowMs = 500
    const second = kept.read()
    end()
    expect(await Promise.all([first, second])).toEqual([1, 1])
    nowMs = 599
    expect(await kept.read()).toBe(1)
  })

  it('reads again after forget, and does not keep a failure', async () => {
    const { kept } = counter()
    await kept.read()
    kept.forget()
    expect(await kept.read()).toBe(2)
    let isDown = true
    const shaky = keepBriefly(
      () => (isDown ? Promise.reject(new Error('down')) : Promise.resolve('up')),
      { msMax: 100 },
    )
    await expect(shaky.read()).rejects.toThrow('down')
    isDown = false
    expect(await shaky.read()).toBe('up')
  })

  it('keeps what was read after forget, even if an older reading ends later', async () => {
    const ends: ((value: string) => void)[] = []
    const kept = keepBriefly(() => new Promise<string>((resolve) => ends.push(resolve)), {
      msMax: 1_000,
    })
    const old = kept.read()
    kept.forget()
    const fresh = kept.read()
    ends[1]!('fresh')
    expect(await fresh).toBe('fresh')
    ends[0]!('old')
    expect(await old).toBe('old')
    expect(await kept.read()).toBe('fresh')
  })
})

describe('without a clock of its own, it', () => {
  it('reads once for all who ask within its time', async () => {
    let reads = 0
    const { read } = keepBriefly(() => Promise.resolve((reads += 1)), { msMax: 60_000 })
    expect(await Promise.all([read(), read()])).toEqual([1, 1])
    expect(await read()).toBe(1)
  })

  it('reads again when the time is over, and after a failure', async () => {
    let reads = 0
    const { read } = keepBriefly(
      () => {
        reads += 1
        return reads === 1 ? Promise.reject(new Error('away')) : Promise.resolve(reads)
      },
      { msMax: 0 },
    )
    await expect(read()).rejects.toThrow('away')
    expect(await read()).toBe(2)
    expect(await read()).toBe(3)
  })
})
