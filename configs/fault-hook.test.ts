import { describe, expect, it } from 'vitest'
import { faultHook } from './fault-hook.ts'

describe('faultHook', () => {
  it('is undefined without a plan', () => {
    expect(faultHook('')).toBeUndefined()
  })

  it('acts at the planned hit of a point, and at every hit for 0', async () => {
    const reach = faultHook('polled:2:delay:1,decoded:0:delay:1')!
    const acts = ['polled', 'polled', 'polled', 'decoded', 'decoded', 'after-infer'] as const
    expect(acts.map((point) => reach(point) !== undefined)).toEqual([
      false,
      true,
      false,
      true,
      true,
      false,
    ])
  })

  it.each([
    'polled',
    'polled:1',
    'polled:x:kill',
    'nowhere:1:kill',
    'polled:1:explode',
    'polled:1:toString',
  ])('refuses %s', (plan) => {
    expect(() => faultHook(plan)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  })
})
