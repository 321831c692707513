// Numbers beyond 2^53 come through as they were written; everything else is as JSON.parse has it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  exactJsonText,
  parseExactJson,
  parseForPassing,
  wholeNumber,
  wholeNumberText,
} from './exact-json.ts'

test.each([
  ['9007199254740993', 9_007_199_254_740_993n],
  ['-9007199254740993', -9_007_199_254_740_993n],
  ['[18446744073709551615,1]', [18_446_744_073_709_551_615n, 1]],
  ['{"a":{"b":[1234567890123456789]}}', { a: { b: [1_234_567_890_123_456_789n] } }],
  ['{"a":\n9007199254740992}', { a: 9_007_199_254_740_992n }],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['[1.0, 1e3, 0.1, -0]', [1, 1_000, 0.1, -0]],
  ['"9007199254740993"', '9007199254740993'],
  ['{"t": ", 9007199254740993"}', { t: ', 9007199254740993' }],
])('%s', (text, value) => {
  expect(parseExactJson(text)).toEqual(value)
})

test('keeps a key named __proto__, and refuses what is no JSON', () => {
  const parsed = parseExactJson('{"__proto__": 12345678901234567890}') as object
  expect(Object.keys(parsed)).toEqual(['__proto__'])
  expect(() => parseExactJson('[12345678901234567890,')).toThrow(SyntaxError)
})

test('is JSON.parse for what JavaScript writes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value)
      const numbers = JSON.stringify(parseExactJson(text), (_, part: unknown) =>
        typeof part === 'bigint' ? Number(part) : part,
      )
      expect(numbers).toBe(text)
    }),
  )
})

test('whole numbers come back out as they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })), (numbers) => {
      const text = `{"n":[${numbers.join(',')}]}`
      expect(exactJsonText(parseExactJson(text))).toBe(text)
    }),
  )
})

test.each([
  [7, '7'],
  [-7, '-7'],
  [9_007_199_254_740_993n, '9007199254740993'],
  [1.5, undefined],
  [2 ** 53, undefined],
  [Number.NaN, undefined],
  ['7', undefined],
])('%s is the name %s', (value, text) => {
  expect(wholeNumberText(value)).toBe(text)
})

test.each([
  '{"a":18446744073709551615,"b":[-170141183460469231731687303715884105728],"c":{"d":0.10}}',
  '[1.0,1e3,1E+2,-0,12345678901234567890.123456789,0.1,1e400,5,-7,2.5]',
  '{"s":"9007199254740993","n":null,"t":true,"__proto__":9007199254740993}',
])('%s is passed on as it is', (text) => {
  expect(exactJsonText(parseForPassing(text))).toBe(text)
})

test.each([
  ['0', 0],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['9007199254740993', 9_007_199_254_740_993n],
  ['18446744073709551615', 18_446_744_073_709_551_615n],
])('the digits %s', (digits, value) => {
  expect(wholeNumber(digits)).toBe(value)
})
