// What a command says when its work, its closing, or both fail.
import { describe, expect, it } from 'vitest'
import { closing, openAll, OpenResources } from './open-resources.ts'

const fail = (text: string) => () => Promise.reject(new Error(text))
const done = () => Promise.resolve()

describe('closing', () => {
  it('gives what the work gives, and closes after it', async () => {
    const steps: string[] = []
    const step = (name: string) => () => {
      steps.push(name)
      return done()
    }
    await closing(step('work'), step('close'))
    expect(steps).toEqual(['work', 'close'])
    expect(await closing(() => Promise.resolve(3), done)).toBe(3)
  })

  it('throws what came first: the failure of the work, else that of closing', async () => {
    let closed = 0
    const close = () => {
      closed++
      return done()
    }
    await expect(closing(fail('work'), close)).rejects.toThrow('work')
    expect(closed).toBe(1)
    await expect(closing(fail('work'), fail('close'))).rejects.toThrow('work')
    await expect(closing(done, fail('close'))).rejects.toThrow('close')
  })
})

describe('OpenResources', () => {
  it('closes the latest first, all of it, once, and throws the first failure at the end', async () => {
    const steps: string[] = []
    const opened = new OpenResources()
    const add = (name: string, close = done) =>
      opened.add(name, (one) => {
        steps.push(one)
        return close()
      })
    expect(add('broker')).toBe('broker')
    add('engine', fail('engine'))
    add('store', fail('store'))
    await expect(opened.close()).rejects.toThrow('store')
    expect(steps).toEqual(['store', 'engine', 'broker'])
    await opened.close()
    expect(steps).toHaveLength(3)
  })
})

describe('openAll', () => {
  it('gives what was opened, and closes nothing of it', async () => {
    const closed: string[] = []
    const close = (one: string) => Promise.resolve(closed.push(one))
    expect(await openAll((opened) => Promise.resolve(opened.add('broker', close)))).toBe('broker')
    expect(closed).toEqual([])
  })

  it('closes what it had opened when the next cannot be, and throws why it cannot', async () => {
    const closed: string[] = []
    const opening = openAll(async (opened) => {
      opened.add('broker', (one) => Promise.resolve(closed.push(one)))
      opened.add('engine', fail('cannot close'))
      await fail('no store')()
    })
    await expect(opening).rejects.toThrow('no store')
    expect(closed).toEqual(['broker'])
  })
})
