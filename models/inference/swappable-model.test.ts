import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SwappableModel, SecondaryModel, type ModelLease } from './swappable-model.ts'

function modelOf(name: string) {
  const model = {
    name,
    closed: false,
    close: () => {
      model.closed = true
      return Promise.resolve()
    },
  }
  return model
}

type Model = ReturnType<typeof modelOf>

describe('SwappableModel', () => {
  it('lets work that began finish on the old model, and closes it then', async () => {
    const [one, two] = [modelOf('one'), modelOf('two')]
    const swappable = new SwappableModel(one)
    const lease = swappable.acquire()
    const replaced = swappable.replace(two)
    expect(swappable.acquire().model).toBe(two)
    await Promise.resolve()
    expect(one.closed).toBe(false)
    lease.release()
    await replaced
    expect([one.closed, two.closed]).toEqual([true, false])
  })

  it('closes an idle model at once', async () => {
    const [one, two] = [modelOf('one'), modelOf('two')]
    await new SwappableModel(one).replace(two)
    expect(one.closed).toBe(true)
  })

  it('refuses to release a lease twice, which would free a model under other work', () => {
    const lease = new SwappableModel(modelOf('one')).acquire()
    lease.release()
    expect(() => lease.release()).toThrow('once')
  })

  it('never closes a model that is leased, and closes each once when all work is done', async () => {
    const steps = fc.array(fc.constantFrom('acquire', 'release', 'replace'), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const models = [modelOf('0')]
        const swappable = new SwappableModel<Model>(models[0]!)
        const leases: ModelLease<Model>[] = []
        for (const step of script) {
          if (step === 'acquire') leases.push(swappable.acquire())
          if (step === 'release') leases.shift()?.release()
          if (step === 'replace') {
            const next = modelOf(String(models.length))
            models.push(next)
            void swappable.replace(next)
          }
          await new Promise((resolve) => setImmediate(resolve))
          for (const { model } of leases) expect(model.closed).toBe(false)
          const leased = new Set(leases.map(({ model }) => model))
          const expected = models.slice(0, -1).filter((model) => !leased.has(model))
          for (const model of expected) expect(model.closed).toBe(true)
        }
        const closing = swappable.close()
        for (const lease of leases) lease.release()
        await closing
        expect(models.every(({ closed }) => closed)).toBe(true)
      }),
    )
  })
})

describe('SecondaryModel', () => {
  it('is absent at first, then a model with its share', async () => {
    const secondary = new SecondaryModel<Model>()
    expect([secondary.acquire(), secondary.current]).toEqual([undefined, undefined])
    const model = modelOf('two')
    await secondary.assign(model, 10)
    secondary.setPercent(25)
    const lease = secondary.acquire()!
    expect([lease.model, lease.percent]).toEqual([model, 25])
    const removed = secondary.remove()
    expect([secondary.acquire(), model.closed]).toEqual([undefined, false])
    lease.release()
    await removed
    expect(model.closed).toBe(true)
  })

  it('passes its model on with its leases: it is closed once, after the last of them', async () => {
    const [one, two, three] = [modelOf('one'), modelOf('two'), modelOf('three')]
    const swappable = new SwappableModel(one)
    const secondary = new SecondaryModel<Model>()
    await secondary.assign(two, 10)
    const early = secondary.acquire()!
    await swappable.replaceBy(secondary)
    expect([swappable.current, secondary.current, one.closed]).toEqual([two, undefined, true])
    await secondary.close()
    expect(two.closed).toBe(false)
    const late = swappable.acquire()
    const replaced = swappable.replace(three)
    late.release()
    await Promise.resolve()
    expect(two.closed).toBe(false)
    early.release()
    await replaced
    expect([two.closed, three.closed]).toEqual([true, false])
  })

  it('closes its model, and waits for those that were removed before', async () => {
    const [one, two] = [modelOf('one'), modelOf('two')]
    const secondary = new SecondaryModel<Model>()
    await secondary.assign(one, 10)
    const lease = secondary.acquire()!
    const removed = secondary.assign(two, 10)
    let closed = false
    const closing = secondary.close().then(() => (closed = true))
    await Promise.resolve()
    expect(closed).toBe(false)
    lease.release()
    await Promise.all([removed, closing])
    expect([one.closed, two.closed]).toEqual([true, true])
  })
})
