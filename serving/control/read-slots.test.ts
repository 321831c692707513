import { describe, expect, it } from 'vitest'
import { createReadSlots } from './read-slots.ts'

/** Reads that end when the test says so. */
function held() {
  const begun: number[] = []
  const ends = new Map<number, (fails: boolean) => void>()
  const read = (number: number) => () => {
    begun.push(number)
    return new Promise<number>((resolve, reject) => {
      ends.set(number, (fails) => {
        if (fails) reject(new Error(`read ${number}`))
        else resolve(number)
      })
    })
  }
  return { begun, read, end: (number: number, fails = false) => ends.get(number)!(fails) }
}

describe('createReadSlots', () => {
  it('runs a few at once and the others in order, also after a failure', async () => {
    const { begun, read, end } = held()
    const slots = createReadSlots({ atOnceMax: 2, waitingMax: 5 })
    const reads = [1, 2, 3, 4].map((number) => slots(read(number)))
    expect(begun).toEqual([1, 2])
    end(2, true)
    await expect(reads[1]).rejects.toThrow('read 2')
    expect(begun).toEqual([1, 2, 3])
    end(1)
    await reads[0]
    expect(begun).toEqual([1, 2, 3, 4])
    end(3)
    end(4)
    expect(await Promise.all([reads[2], reads[3]])).toEqual([3, 4])
    const last = slots(read(5))
    expect(begun.at(-1)).toBe(5)
    end(5)
    expect(await last).toBe(5)
  })

  it('refuses when too many wait, and takes more when some are done', async () => {
    const { read, end, begun } = held()
    const slots = createReadSlots({ atOnceMax: 1, waitingMax: 1 })
    const first = slots(read(1))
    const second = slots(read(2))
    await expect(slots(read(3))).rejects.toMatchObject({ code: 'queue_full' })
    end(1)
    await first
    const fourth = slots(read(4))
    end(2)
    await second
    end(4)
    await fourth
    expect(begun).toEqual([1, 2, 4])
  })

  it('frees the slot of a read that throws at once', async () => {
    const slots = createReadSlots({ atOnceMax: 1, waitingMax: 0 })
    const wrong = () => {
      throw new Error('at once')
    }
    await expect(slots(wrong)).rejects.toThrow('at once')
    expect(await slots(() => Promise.resolve('ok'))).toBe('ok')
  })
})
