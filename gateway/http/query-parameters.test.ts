import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { limitUpTo, readInstant, readQuery } from './query-parameters.ts'

const schema = z.strictObject({
  kind: z.enum(['a', 'b']).optional(),
  limit: limitUpTo(50).optional(),
})

describe('readQuery', () => {
  it('gives the parameters of the schema', () => {
    expect(readQuery({ kind: ['a'], limit: ['5'] }, schema)).toEqual({ kind: 'a', limit: '5' })
    expect(readQuery({}, schema)).toEqual({})
  })

  it.each([
    [{ kind: ['a', 'b'] }, 'kind is given more than once'],
    [{ kind: ['c'] }, 'kind must be one of "a" or "b"'],
    [{ other: ['1'] }, 'other is not a parameter of this route'],
    [{ limit: ['51'] }, 'limit must be a whole number from 1 to 50'],
    [{ ['x'.repeat(70)]: ['1'] }, `${'x'.repeat(64)} is not a parameter of this route`],
  ])('refuses %o', (query, message) => {
    expect(() => readQuery(query, schema)).toThrow(
      expect.objectContaining({ code: 'parameter_invalid', message: expect.any(String) }),
    )
    expect(() => readQuery(query, schema)).toThrow(message.split(' must be one')[0])
  })
})

describe('limitUpTo', () => {
  it.each([50, 100, 200, 500] as const)('accepts 1 to %d and no other text', (max) => {
    const limit = limitUpTo(max)
    for (let value = 1; value <= max; value++) {
      expect([value, limit.safeParse(String(value)).success]).toEqual([value, true])
    }
    for (const text of ['0', String(max + 1), '01', '1.5', '-1', '', ' 5', '٣', '5\n', '1000']) {
      expect([text, limit.safeParse(text).success]).toEqual([text, false])
    }
  })
})

describe('readInstant', () => {
  it('reads both forms of a time, and refuses others', () => {
    expect(readInstant('since', undefined)).toBeUndefined()
    expect(readInstant('since', '1738368000000')).toBe(1_738_368_000_000)
    expect(readInstant('since', '2025-02-01T00:00:00Z')).toBe(1_738_368_000_000)
    expect(() => readInstant('since', 'yesterday')).toThrow(/^since must be RFC 3339/)
  })
})
