// Which characters count as visible, for all of Unicode, and which texts are therefore empty.
import { expect, it } from 'vitest'
import { visibleText } from './event.ts'

const codePoints = Array.from({ length: 0x110000 }, (_, point) => point).filter(
  (point) => point < 0xd800 || point > 0xdfff,
)
const charactersOf = (pattern: RegExp) =>
  codePoints.map((point) => String.fromCodePoint(point)).filter((one) => pattern.test(one))

it('nothing that Unicode shows nowhere makes a text visible, alone or with others', () => {
  const hidden = charactersOf(
    /[\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Cc}\u2800\ufff9-\ufffb\u{1d159}\u{16fe4}]/u,
  )
  expect(hidden.length).toBeGreaterThan(4_000)
  expect(hidden.filter((one) => visibleText.test(one))).toEqual([])
  expect(visibleText.test(hidden.join(''))).toBe(false)
})

it('every letter, digit, mark, symbol and sign of punctuation is visible', () => {
  const shown = charactersOf(/[\p{L}\p{N}\p{M}\p{S}\p{P}]/u)
  const exceptions = charactersOf(
    /[\p{Default_Ignorable_Code_Point}\u2800\u{1d159}\u{13430}-\u{1343f}\u{16fe4}]/u,
  )
  const invisible = new Set(shown.filter((one) => !visibleText.test(one)))
  expect([...invisible].filter((one) => !exceptions.includes(one))).toEqual([])
})

it.each(['a', '\u200ba', '👍🏽', '❤\ufe0f', '\u0301', '\u00ad-', '한', '.'])(
  '%j is a text',
  (text) => {
    expect(visibleText.test(text)).toBe(true)
  },
)
