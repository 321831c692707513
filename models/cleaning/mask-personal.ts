// Replaces what names or charges a person by a word: mail addresses, phone, card and bank account
// numbers. It knows forms and check digits, no names of people. Each text is read once, and what is
// looked at around a place is bounded, so it takes linear time for any text.
import type { Work } from '../runtime/sliced-work.ts'

/** Characters between two yields. */
const sliceLength = 65_536

/** A stretch of the text and the word that replaces it, which is never longer. */
type Found = { readonly start: number; readonly end: number; readonly word: string }

/**
 * Masks a text as interruptible work. Card numbers must pass the Luhn check (ISO/IEC 7812-1), bank
 * accounts the check of IBANs (ISO 13616). Phone numbers must begin with `+`, `00`, `0` or `(`, or
 * be grouped as 555-555-0100, so that other numbers stay.
 *
 * @example
 * finish(maskingPersonal('Write to ann@example.org')) // 'Write to [mail]'
 */
export function* maskingPersonal(text: string): Work<string> {
  if (!/[@\d]/.test(text)) return text
  yield
  const parts: string[] = []
  let copied = 0
  let looked = 0
  for (const match of text.matchAll(/@|[A-Z]{2}\d{2}|[+(]?\d/g)) {
    if (match.index - looked > sliceLength) {
      looked = match.index
      yield
    }
    if (match.index < copied) continue
    const found = match[0] === '@' ? mailAt(text, match.index, copied) : numberAt(text, match.index)
    if (found === undefined) continue
    parts.push(text.slice(copied, found.start), found.word)
    copied = found.end
  }
  return copied === 0 ? text : parts.join('') + text.slice(copied)
}

/** The longest local part and domain (RFC 5321, 4.5.3.1). */
const localMax = 64
const domainMax = 255

/** The mail address around an @ sign, if there is one after `from`. */
function mailAt(text: string, at: number, from: number): Found | undefined {
  let start = at
  while (
    start > from &&
    at - start < localMax &&
    /[\w.!#$%&'*+/=?^`{|}~-]/.test(text[start - 1]!)
  ) {
    start--
  }
  const domain = /^(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,63}(?![\w-])/.exec(
    text.slice(at + 1, at + 1 + domainMax),
  )
  if (start === at || domain === null) return undefined
  return { start, end: at + 1 + domain[0].length, word: '[mail]' }
}

/** The number that begins at a place, if it is one of those that are masked. */
function numberAt(text: string, start: number): Found | undefined {
  if (/[A-Za-z0-9_]/.test(text[start - 1] ?? ' ')) return undefined
  return ibanAt(text, start) ?? cardAt(text, start) ?? phoneAt(text, start)
}

function ibanAt(text: string, start: number): Found | undefined {
  const country = text.slice(start, start + 2)
  const length = ibanLengths.get(country)
  if (length === undefined) return undefined
  // Groups of four, with single spaces between them or none.
  const window = text.slice(start, start + length + Math.ceil(length / 4))
  const written = /^[A-Z]{2}\d{2}(?: ?[A-Z0-9])+/.exec(window)?.[0] ?? ''
  let end = 0
  for (let count = 0; count < length && end < written.length; end++) {
    if (written[end] !== ' ') count++
  }
  const compact = written.slice(0, end).replaceAll(' ', '')
  const isWhole = compact.length === length && !/[A-Za-z0-9]/.test(text[start + end] ?? ' ')
  return isWhole && remainder97(compact) === 1
    ? { start, end: start + end, word: '[iban]' }
    : undefined
}

/** ISO 7064, MOD 97-10: the first four characters go to the end, letters become two digits. */
function remainder97(iban: string): number {
  let remainder = 0
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = parseInt(character, 36)
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97
  }
  return remainder
}

function cardAt(text: string, start: number): Found | undefined {
  const written = /^\d(?:[ -]?\d){12,18}(?![ -]?\d)/.exec(text.slice(start, start + 39))?.[0]
  if (written === undefined || /[A-Za-z_]/.test(text[start + written.length] ?? ' '))
    return undefined
  const digits = written.replace(/\D/g, '')
  return passesLuhn(digits) ? { start, end: start + written.length, word: '[card]' } : undefined
}

function passesLuhn(digits: string): boolean {
  const sum = Array.from(digits, Number)
    .reverse()
    .map((digit, at) => (at % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit))
    .reduce((total, each) => total + each, 0)
  return sum % 10 === 0
}

/** The digits of a phone number (ITU-T E.164); shorter ones are as often something else. */
const phoneDigits = { min: 8, max: 15 }

function phoneAt(text: string, start: number): Found | undefined {
  const window = text.slice(start, start + 32)
  const written =
    /^(?:\+|00|0|\()\d?(?:[ ./()-]{0,2}\d)+/.exec(window)?.[0] ??
    /^\d{3}([ .-])\d{3}\1\d{4}(?!\d)/.exec(window)?.[0]
  if (written === undefined) return undefined
  const count = written.replace(/\D/g, '').length
  const isPhone = count >= phoneDigits.min && count <= phoneDigits.max
  const next = text[start + written.length] ?? ' '
  if (!isPhone || /[A-Za-z0-9_]/.test(next)) return undefined
  return { start, end: start + written.length, word: '[phone]' }
}

/** Lengths by country, from the IBAN registry of SWIFT, release 99. */
const ibanLengths: ReadonlyMap<string, number> = new Map(
  (
    'NO15 BE16 DK18 FI18 FO18 GL18 NL18 SD18 FK18 MK19 SI19 AT20 BA20 EE20 KZ20 LT20 LU20 XK20 MN20 ' +
    'CH21 HR21 LI21 LV21 BG22 BH22 CR22 DE22 GB22 GE22 IE22 ME22 RS22 VA22 AE23 GI23 IL23 IQ23 OM23 ' +
    'SO23 TL23 AD24 CZ24 ES24 MD24 PK24 RO24 SA24 SE24 SK24 TN24 VG24 LY25 PT25 ST25 IS26 TR26 BI27 ' +
    'DJ27 FR27 GR27 IT27 MC27 MR27 SM27 AL28 AZ28 BY28 CY28 DO28 GT28 HU28 LB28 NI28 PL28 SV28 HN28 ' +
    'BR29 EG29 PS29 QA29 UA29 JO30 KW30 MU30 YE30 MT31 SC31 LC32 RU33'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)
