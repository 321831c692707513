// The layout of each HTML element. Elements that are not listed are inline: their text joins the
// text around them.

/** The layout of an element's text; breaks are the minimum line breaks before and after it. */
export type ElementLayout =
  | { readonly kind: 'inline' | 'break' | 'rule' | 'none' }
  | {
      readonly kind: 'block' | 'heading' | 'quote' | 'preformatted' | 'list'
      readonly breaksBefore: number
      readonly breaksAfter: number
    }

const inline: ElementLayout = { kind: 'inline' }
const container: ElementLayout = { kind: 'block', breaksBefore: 1, breaksAfter: 1 }
const paragraph: ElementLayout = { kind: 'block', breaksBefore: 2, breaksAfter: 2 }
const title: ElementLayout = { kind: 'heading', breaksBefore: 3, breaksAfter: 2 }
const subtitle: ElementLayout = { kind: 'heading', breaksBefore: 2, breaksAfter: 2 }
const list: ElementLayout = { kind: 'list', breaksBefore: 2, breaksAfter: 2 }

const layouts = new Map<string, ElementLayout>([
  ['article', container],
  ['aside', container],
  ['blockquote', { kind: 'quote', breaksBefore: 2, breaksAfter: 2 }],
  ['br', { kind: 'break' }],
  ['div', container],
  ['footer', container],
  ['form', container],
  ['h1', title],
  ['h2', title],
  ['h3', title],
  ['h4', subtitle],
  ['h5', subtitle],
  ['h6', subtitle],
  ['header', container],
  ['hr', { kind: 'rule' }],
  ['main', container],
  ['nav', container],
  ['ol', list],
  ['p', paragraph],
  ['pre', { kind: 'preformatted', breaksBefore: 2, breaksAfter: 2 }],
  ['script', { kind: 'none' }],
  ['section', container],
  ['style', { kind: 'none' }],
  ['table', paragraph],
  ['ul', list],
])

/** The layout of an element by its name in lower case. */
export function elementLayout(name: string): ElementLayout {
  return layouts.get(name) ?? inline
}

/**
 * The marks of a list's items, in order; in a nested list they have no space before them. Numbers
 * that letters or Roman numerals cannot express are written in digits.
 */
export function listMarks(
  name: string,
  attributes: Readonly<Record<string, string>>,
  { isNested }: { isNested: boolean },
): () => string {
  const indent = isNested ? '' : ' '
  if (name === 'ul') return () => `${indent}* `
  let next = Number(attributes['start'] || '1')
  const write = numbering(attributes['type'])
  return () => `${indent}${write(next++)}. `
}

function numbering(type: string | undefined): (number: number) => string {
  switch (type) {
    case 'a':
      return letters
    case 'A':
      return (number) => letters(number).toUpperCase()
    case 'i':
      return (number) => roman(number).toLowerCase()
    case 'I':
      return roman
    default:
      return String
  }
}

/** a, b, … z, aa, ab, … */
function letters(number: number): string {
  if (!Number.isInteger(number) || number < 1 || number > 2 ** 31) return String(number)
  let written = ''
  for (let rest = number; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    written = String.fromCharCode(0x61 + ((rest - 1) % 26)) + written
  }
  return written
}

/** The Roman digits 0 to 9, written with the one, the five and the ten of a decimal place. */
const romanDigits = ['', '1', '11', '111', '15', '5', '51', '511', '5111', '1t']
const romanPlaces = [['I', 'V', 'X'], ['X', 'L', 'C'], ['C', 'D', 'M'], ['M']]

function roman(number: number): string {
  if (!Number.isInteger(number) || number < 0 || number >= 4_000) return String(number)
  let written = ''
  for (const [place, [one, five, ten]] of romanPlaces.entries()) {
    const digit = romanDigits[Math.floor(number / 10 ** place) % 10]!
    written =
      digit
        .replaceAll('1', one!)
        .replace('5', five ?? '')
        .replace('t', ten ?? '') + written
  }
  return written
}
