// `winnow query` against the real engine: every number with all its digits, as JSON and as a table.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openBackends, type Backends } from '../support/backends.ts'
import { winnow } from '../support/cli.ts'

let backends: Backends
beforeAll(async () => {
  backends = await openBackends(inject('stack'))
})
afterAll(() => backends.close())

const query = (...args: string[]) => winnow(['query', ...args], { env: backends.env })

describe('--json', () => {
  const expressions = [
    ['18446744073709551615::UInt64', '18446744073709551615'],
    ['toInt64(-9223372036854775808)', '-9223372036854775808'],
    [
      "toInt128('-170141183460469231731687303715884105728')",
      '-170141183460469231731687303715884105728',
    ],
    ["toUInt256('1' || repeat('0', 70) || '7')", `1${'0'.repeat(70)}7`],
    ["toDecimal128('12345678901234567890.12', 2)", '12345678901234567890.12'],
    ["toDecimal256('-0.00000000000000000001', 20)", '-0.00000000000000000001'],
    [
      "[(9007199254740993, map('k', [9007199254740995]))]",
      '[[9007199254740993,{"k":[9007199254740995]}]]',
    ],
    ['CAST(tuple(9007199254740993), $$Tuple(n UInt64)$$)', '{"n":9007199254740993}'],
    ['map(9007199254740993::UInt64, 1)', '{"9007199254740993":1}'],
    ['[inf, -inf, nan, 0.1]', '["inf","-inf","nan",0.1]'],
    ['toNullable(9007199254740993)', '9007199254740993'],
    ["toDateTime64('2020-01-01 00:00:00.123456789', 9, 'UTC')", '"2020-01-01 00:00:00.123456789"'],
    ["toDate32('1925-01-01')", '"1925-01-01"'],
    ["'9007199254740993'", '"9007199254740993"'],
    ['toFloat32(0.1)', '0.1'],
  ] as const

  it('keeps every digit of every type, however deep', async () => {
    const columns = expressions.map(([expression], index) => `${expression} AS v${index}`)
    const { stdout } = await query(`SELECT ${columns.join(', ')}`, '--json')
    const values = expressions.map(([, json], index) => `"v${index}":${json}`)
    expect(stdout).toContain(`"rows":[{${values.join(',')}}]`)
    expect(JSON.parse(stdout)).toMatchObject({ count: 1 })
  })

  it('refuses SQL with a FORMAT of its own', async () => {
    for (const format of ['CSV', 'JSONEachRow', 'TSV']) {
      const { status, stdout } = await query(`SELECT 1 AS v FORMAT ${format}`, '--json')
      expect([status, JSON.parse(stdout)]).toMatchObject([2, { error: { code: 'usage' } }])
    }
    expect((await query('SELECT 1 AS v FORMAT JSON', '--json')).status).toBe(0)
  })
})

it('the table has all digits too', async () => {
  const { stdout } = await query('SELECT 18446744073709551615::UInt64 AS v, [inf] AS w')
  expect(stdout).toContain('18446744073709551615')
  expect(stdout).toContain('[inf]')
})
