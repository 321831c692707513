// What a command says when its work, its closing, or both fail.
import { describe, expect, it } from 'vitest'
import { closing } from './open-resources.ts'

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
