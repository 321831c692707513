// The building blocks of poison.ts: invalid UTF-8, values of the wrong type for each field, and all
// truncations of a value.

/** Bytes that are not valid UTF-8, each with what is wrong (RFC 3629). */
export const brokenTexts: readonly (readonly [string, readonly number[]])[] = [
  ['a byte that never occurs', [0xff]],
  ['a continuation alone', [0x80]],
  ['a lead without its continuation', [0xc3, 0x28]],
  ['an overlong form', [0xc0, 0x80]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['a sequence cut short', [0xe2, 0x82]],
  ['a code point beyond the last', [0xf4, 0x90, 0x80, 0x80]],
]

const wrongTypes: Record<string, readonly [string, unknown][]> = {
  text: [
    ['null', null],
    ['a number', 42],
    ['true', true],
    ['an array', ['a']],
    ['an object', { value: 'a' }],
  ],
  id: [
    ['a number', 17],
    ['false', false],
    ['an array', ['a']],
    ['an object', {}],
  ],
  source: [
    ['a number', 1],
    ['true', true],
    ['an array', []],
    ['an object', { name: 'mail' }],
    ['an empty string', ''],
  ],
  time: [
    ['true', true],
    ['an array', [2026, 1, 31]],
    ['an object', { $date: 1 }],
  ],
  attributes: [
    ['a number', 5],
    ['a string', 'k=v'],
    ['an array', [['k', 'v']]],
    ['true', true],
    ['a number inside', { k: 1 }],
    ['null inside', { k: null }],
    ['an array inside', { k: ['v'] }],
    ['an object inside', { k: { a: 'b' } }],
  ],
  label: [
    ['a number', 3],
    ['an array', ['spam']],
    ['an object', { name: 'spam' }],
    ['true', true],
  ],
}

/** Name, field and value of JSON fields of a wrong type. */
export const jsonFields: readonly (readonly [string, string, unknown])[] = Object.entries(
  wrongTypes,
).flatMap(([field, values]) =>
  values.map(([what, value]) => [`${field}: ${what}`, field, value] as const),
)

/** All prefixes of some bytes, including the empty one. */
export function cuts(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length))
}
