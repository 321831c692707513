// The text of markup against html-to-text, whose layout trained models know, and where the two
// part.
import fc from 'fast-check'
import { convert } from 'html-to-text'
import { describe, expect, it, test } from 'vitest'
import { finish } from '../runtime/sliced-work.ts'
import { markupText } from './markup-text.ts'

const textOf = (html: string) => finish(markupText(html))
const reference = (html: string) =>
  convert(html, {
    wordwrap: false,
    limits: { maxDepth: 64, ellipsis: '' },
    selectors: [
      { selector: 'img', format: 'skip' },
      { selector: 'a', options: { ignoreHref: true } },
      { selector: 'table', format: 'block' },
    ],
  })

const names = [
  'p',
  'div',
  'ul',
  'ol',
  'li',
  'h1',
  'h5',
  'pre',
  'blockquote',
  'table',
  'tr',
  'td',
  'th',
  'b',
  'a',
  'html',
  'head',
  'body',
  'title',
  'form',
  'section',
  'select',
  'option',
  'dd',
  'svg',
]
const fragment = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...names.map((name) => `<${name}>`)) },
  { weight: 3, arbitrary: fc.constantFrom(...names.map((name) => `</${name}>`)) },
  { weight: 3, arbitrary: fc.constantFrom('a', 'b ', ' c', '\n', '  ', 'ß', '\u200b', '\u00a0') },
  fc.constantFrom('<ol type=a start=25>', '<ol type=I>', '<ol start=9>', '<ul class="x">', '<p/>'),
  fc.constantFrom('<br>', '<hr>', '<wbr>', '<img alt=x>', '<input>', '</br>', '</x>', '<svg/>'),
  fc.constantFrom(
    '<!-- c -->',
    '<!doctype html>',
    '<?x?>',
    '<![CDATA[q]]>',
    '&amp;',
    '&nbsp;',
    '&#65',
  ),
  fc.constantFrom(
    '<script>x</script>',
    '<style>y</style>',
    '<textarea>',
    '<title>',
    '<',
    '&',
    '<b ',
  ),
)

test('any small document has the text that html-to-text gives it', () => {
  const html = fc.array(fragment, { maxLength: 40 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(html, (document) => {
      expect(textOf(document)).toBe(reference(document))
    }),
    { numRuns: 1_500 },
  )
})

test.each(['div', 'b', 'ul', 'ol', 'ul><li', 'ul><b', 'blockquote', 'h1', 'pre', 'table'])(
  'text within 60 to 68 <%s> is left out where html-to-text leaves it out',
  (name) => {
    for (let count = 60; count <= 68; count++) {
      for (const inner of ['x', '<body>y</body>', '<ul><li>q<b>r</b></ul>', '<br>k<hr>', '<li>z']) {
        const html = `<div>${`<${name}>t`.repeat(count)}${inner}</b> tail`
        expect(textOf(html)).toBe(reference(html))
      }
    }
  },
)

describe('what html-to-text cannot write', () => {
  it('numbers items in digits where letters and Roman numerals end', () => {
    expect(textOf('<ol type=I start=3999><li>a<li>b</ol>')).toBe(' MMMCMXCIX. a\n 4000.      b')
    expect(textOf('<ol type=i start=10000><li>a</ol>')).toBe(' 10000. a')
    expect(textOf('<ol type=a start=0><li>a<li>b</ol>')).toBe(' 0. a\n a. b')
    expect(textOf('<ol type=a start=1e300><li>a</ol>')).toBe(' 1e+300. a')
  })

  it('only drops the tags of a document with more than 1,000 open elements', () => {
    expect(textOf(`${'<b>'.repeat(1_001)}x`)).toBe(`${' '.repeat(1_001)}x`)
    expect(textOf('<b>x</b></i>'.repeat(2_000))).toBe('x'.repeat(2_000))
    expect(textOf(`${'<b><svg></b>'.repeat(1_001)}x`).trim()).toBe('x')
  })

  it('only drops the tags where lines and marks would make the text longer than its markup', () => {
    const nested = `${'<ul><li>'.repeat(30)}x${'<br>y'.repeat(20_000)}`
    expect(textOf(nested).trim()).toBe(`x${' y'.repeat(20_000)}`)
    expect(textOf('<hr>'.repeat(20_000))).toBe(' '.repeat(20_000))
  })
})
