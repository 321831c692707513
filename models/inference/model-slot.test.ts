import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelSlot, SideSlot, type Pin } from './model-slot.ts'

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

describe('ModelSlot', () => {
  it('lets work that began finish on the old model, and closes it then', async () => {
    const [one, two] = [modelOf('one'), modelOf('two')]
    const slot = new ModelSlot(one)
    const pin = slot.pin()
    const replaced = slot.replace(two)
    expect(slot.pin().model).toBe(two)
    await Promise.resolve()
    expect(one.closed).toBe(false)
    pin.release()
    await replaced
    expect([one.closed, two.closed]).toEqual([true, false])
  })

  it('closes an idle model at once', async () => {
    const [one, two] = [modelOf('one'), modelOf('two')]
    await new ModelSlot(one).replace(two)
    expect(one.closed).toBe(true)
  })

  it('refuses to release a pin twice, which would free a model under other work', () => {
    const pin = new ModelSlot(modelOf('one')).pin()
    pin.release()
    expect(() => pin.release()).toThrow('once')
  })

  it('never closes a model that is pinned, and closes each once when all work is done', async () => {
    const steps = fc.array(fc.constantFrom('pin', 'release', 'replace'), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const models = [modelOf('0')]
        const slot = new ModelSlot<Model>(models[0]!)
        const pins: Pin<Model>[] = []
        for (const step of script) {
          if (step === 'pin') pins.push(slot.pin())
          if (step === 'release') pins.shift()?.release()
          if (step === 'replace') {
            const next = modelOf(String(models.length))
            models.push(next)
            void slot.replace(next)
          }
          await new Promise((resolve) => setImmediate(resolve))
          for (const { model } of pins) expect(model.closed).toBe(false)
          const pinned = new Set(pins.map(({ model }) => model))
          const expected = models.slice(0, -1).filter((model) => !pinned.has(model))
          for (const model of expected) expect(model.closed).toBe(true)
        }
        const closing = slot.close()
        for (const pin of pins) pin.release()
        await closing
        expect(models.every(({ closed }) => closed)).toBe(true)
      }),
    )
  })
})

describe('SideSlot', () => {
  it('holds nobody at first, then a model with its share', async () => {
    const side = new SideSlot<Model>()
    expect([side.pin(), side.current]).toEqual([undefined, undefined])
    const model = modelOf('two')
    await side.play(model, 10)
    side.adjust(25)
    const pin = side.pin()!
    expect([pin.model, pin.percent]).toEqual([model, 25])
    const left = side.leave()
    expect([side.pin(), model.closed]).toEqual([undefined, false])
    pin.release()
    await left
    expect(model.closed).toBe(true)
  })

  it('hands its model over with its pins: it is closed once, when the last of all is released', async () => {
    const [one, two, three] = [modelOf('one'), modelOf('two'), modelOf('three')]
    const slot = new ModelSlot(one)
    const side = new SideSlot<Model>()
    await side.play(two, 10)
    const early = side.pin()!
    await slot.inherit(side)
    expect([slot.current, side.current, one.closed]).toEqual([two, undefined, true])
    await side.close()
    expect(two.closed).toBe(false)
    const late = slot.pin()
    const replaced = slot.replace(three)
    late.release()
    await Promise.resolve()
    expect(two.closed).toBe(false)
    early.release()
    await replaced
    expect([two.closed, three.closed]).toEqual([true, false])
  })

  it('closes what it holds, and waits for those that left before', async () => {
    const [one, two] = [modelOf('one'), modelOf('two')]
    const side = new SideSlot<Model>()
    await side.play(one, 10)
    const pin = side.pin()!
    const left = side.play(two, 10)
    let closed = false
    const closing = side.close().then(() => (closed = true))
    await Promise.resolve()
    expect(closed).toBe(false)
    pin.release()
    await Promise.all([left, closing])
    expect([one.closed, two.closed]).toEqual([true, true])
  })
})
