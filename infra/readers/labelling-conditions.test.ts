import { describe, expect, it } from 'vitest'
import { answered, newestOf, unlabelled } from './labelling-conditions.ts'

describe('conditions of labelling', () => {
  it('name only the parameters of what was asked', () => {
    expect(answered({})).not.toMatch(/source|version/)
    expect(answered({ source: 'a', version: '1' })).toMatch(
      /version = \{version: String\} AND source = \{source: String\}/,
    )
    expect(newestOf({ source: 'a' })).toContain('source = {source: String}')
    expect(unlabelled({ exclude: [] })).not.toContain('exclude')
    expect(unlabelled({ exclude: ['a'] })).toContain('exclude')
  })

  it('leave shadows out', () => {
    expect(answered({})).toContain(`role != 'shadow'`)
  })
})
