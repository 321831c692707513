// Order, bound and failure of concurrent work over a stream.
import { describe, expect, it } from 'vitest'
import { collect } from '../../tests/support/collect.ts'
import { mapInOrder } from './map-in-order.ts'

type Started = { readonly element: number; readonly finish: (result: string) => void }

/** Work that ends when the test says so. */
function manualWork(): {
  started: Started[]
  start: (element: number) => Promise<{ result: Promise<string> }>
} {
  const started: Started[] = []
  return {
    started,
    start: (element) => {
      const { promise, resolve } = Promise.withResolvers<string>()
      started.push({ element, finish: resolve })
      return Promise.resolve({ result: promise })
    },
  }
}

describe('mapInOrder', () => {
  it('yields in input order whatever ends first', async () => {
    const { started, start } = manualWork()
    const results = collect(mapInOrder([0, 1, 2], start, { windowMax: 8 }))
    await expect.poll(() => started.length).toBe(3)
    for (const { element, finish } of started.toReversed()) finish(`result ${element}`)
    expect(await results).toEqual(['result 0', 'result 1', 'result 2'])
  })

  it('reads no further than the window', async () => {
    const { started, start } = manualWork()
    let read = 0
    function* source(): Generator<number> {
      for (; read < 100; read++) yield read
    }
    const stream = mapInOrder(source(), start, { windowMax: 3 })
    const first = stream.next()
    await expect.poll(() => started.length).toBe(3)
    expect(read).toBe(2)
    for (const { finish } of started) finish('done')
    await first
    await stream.return()
    expect(started).toHaveLength(3)
  })

  it('ends with the first failure', async () => {
    const start = (element: number): Promise<{ result: Promise<number> }> =>
      Promise.resolve({
        result: element === 1 ? Promise.reject(new Error('no')) : Promise.resolve(element),
      })
    const stream = mapInOrder([0, 1, 2], start, { windowMax: 8 })
    expect(await stream.next()).toEqual({ done: false, value: 0 })
    await expect(stream.next()).rejects.toThrow('no')
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })
})
