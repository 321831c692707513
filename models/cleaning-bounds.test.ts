// Cleaning takes time in proportion to the text: 1 MB of anything, for each step. The bounds are
// processor time, several times what was measured, and far below anything quadratic.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { timed } from '../tests/support/processor-time.ts'
import { cleaning, type CleaningStep } from './cleaning/clean-text.ts'

const steps: CleaningStep[] = [
  'unicode',
  'control',
  'mail-quotes',
  'markup',
  'personal',
  'whitespace',
]
const textBytes = 1_000_000

/** The part as often as it fits in 1 MB behind the start. */
function filled(start: string, part: string): string {
  const room = textBytes - Buffer.byteLength(start)
  return start + part.repeat(Math.max(1, Math.floor(room / Buffer.byteLength(part))))
}

function expectBounds(text: string, step: CleaningStep): void {
  const { totalMs, longestMs } = timed(cleaning(text, [step]))
  // Measured: at most 400 ms in all and 60 ms for the longest step.
  expect(totalMs, step).toBeLessThan(1_000)
  expect(longestMs, `the longest part of ${step}`).toBeLessThan(250)
}

test.each([
  ['<b>', 1, '<h1></x>'],
  ['<b>', 1, '<table></x><tr></x><td></x>'],
  ['<b>', 1, '<div></x>'],
  ['<b>', 1, '<ol></x><li></x>'],
  ['<b>', 1, '<a href=x></x>'],
  ['<titlx>', 990, '</title>'],
  ['<b>', 990, '</p>'],
  ['<b>', 1, '<b><svg></b>'],
  ['<ul><li>', 30, '<br>'],
  ['<blockquote>', 60, '<h1>ß</h1>'],
  ['<h1>', 60, 'a&amp;'],
  ['<b>', 1, '<a b c d=e '],
  ['<b>', 1, '&'],
])('markup: behind %s, %i times, 1 MB of %s', (tag, count, part) => {
  expectBounds(filled(tag.repeat(count), part), 'markup')
})

test.each([
  ['\u0301\u0323'],
  [`${'\u0301\u0323'.repeat(31)}\u0301a`],
  [`${'\u0301\u0323'.repeat(33)}\u0903`],
  ['\u1100\u1161\u11a8'],
  ['s\u0307\u0323'],
])('unicode: 1 MB of %j', (part) => {
  expectBounds(filled('', part), 'unicode')
})

test.each(['0', '1 ', '+1', '(1', 'a@b.', '@', 'a.', 'DE00', 'DE89 3704 ', '4111 1111 1111 1112 '])(
  'personal: 1 MB of %j',
  (part) => {
    expectBounds(filled('', part), 'personal')
  },
)

test('1 MB of any fragments, for each step', () => {
  const name = fc.constantFrom(
    'p',
    'div',
    'ul',
    'ol',
    'li',
    'h1',
    'pre',
    'blockquote',
    'td',
    'x',
    'svg',
  )
  const tag = fc.oneof(
    name.map((one) => `<${one}>`),
    name.map((one) => `</${one}>`),
    name.map((one) => `<${one} a="b'c" d=e>`),
    fc.constantFrom(
      '<br>',
      '<hr>',
      '<title>',
      '</title>',
      '<script>',
      '</script>',
      '<body>',
      '<b ',
    ),
  )
  const fragment = fc.oneof(
    { weight: 3, arbitrary: tag },
    fc.constantFrom(
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<!doctype html>',
      '<?x?>',
      '"',
      "'",
      '<',
      '>',
    ),
    fc.constantFrom('&amp;', '&#65', '&lt', '&', 'https://a.example/?b=c#d', 'a'.repeat(300)),
    fc.constantFrom('\n', '\r\n', '\r', ' ', '\t', '\u00a0', '\n> ', '   > ', '-- \n', '\u0000'),
    fc.constantFrom('\u0301', '\u0323\u0301', '\ud800', '\ud83d\ude00', '\u1100\u1161', '\u0903'),
  )
  const part = fc.array(fragment, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''))
  const start = fc
    .tuple(tag, fc.constantFrom(0, 1, 62, 990))
    .map(([one, count]) => one.repeat(count))
  fc.assert(
    fc.property(start, part, (before, repeated) => {
      const text = filled(before, repeated)
      for (const step of steps) expectBounds(text, step)
    }),
    { numRuns: 15 },
  )
})
