// Language-neutral cleaning of a text before it is classified. The same steps run in the stream and
// when training, so that a model sees one kind of text. No step looks at any word list.
import { convert } from 'html-to-text'
import type { Config } from '../configs/schema.ts'
import { compose } from './composition.ts'

export type CleaningStep = Config['cleaning']['steps'][number]

/**
 * Applies the steps in the order given.
 *
 * @example
 * cleanText('Cafe\u0301\u0007  noir', ['unicode', 'control', 'whitespace']) // 'Café noir'
 */
export function cleanText(text: string, steps: readonly CleaningStep[]): string {
  let cleaned = text
  for (const step of steps) cleaned = apply[step](cleaned)
  return cleaned
}

const apply: Record<CleaningStep, (text: string) => string> = {
  // Halves of surrogate pairs become U+FFFD, as any UTF-8 encoder would make them; then NFC.
  unicode: (text) => compose(text.toWellFormed()),
  // C0 and C1 controls but tab and line feed, and the byte-order mark. Joiners (ZWJ, ZWNJ) and
  // direction marks carry meaning in many scripts and stay.
  control: (text) =>
    text.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\uFEFF]/g, ''),
  'mail-quotes': stripMailQuotes,
  markup: stripMarkup,
  whitespace: (text) =>
    text
      .replace(/[^\S\n]+/gu, ' ')
      .replace(/ ?\n[ \n]*/g, '\n')
      .trim(),
}

/** Lines that quote an earlier mail, and everything below the signature mark of RFC 3676, 4.3. */
function stripMailQuotes(text: string): string {
  const lines = text.split('\n')
  const signature = lines.lastIndexOf('-- ')
  const body = signature > 0 ? lines.slice(0, signature) : lines
  return body.filter((line) => !/^\s{0,3}>/.test(line)).join('\n')
}

/** A text without a tag-like part is returned as it is, so that `a < b` survives. */
function stripMarkup(text: string): string {
  if (!/<(?:!doctype|\/?[a-z][a-z0-9]*)\b[^<>]*>/i.test(text)) return text
  if (openTagsAtOnce(text) > openTagsMax) return text.replace(/<[^<>]*>/g, ' ')
  return convert(text, {
    wordwrap: false,
    limits: { maxInputLength: 1_000_000, maxDepth: 64, ellipsis: '' },
    selectors: [
      { selector: 'img', format: 'skip' },
      { selector: 'a', options: { ignoreHref: true } },
      { selector: 'table', format: 'block' },
    ],
  })
}

/** Elements open at once in a text that is parsed; the time for more grows with the square of it. */
const openTagsMax = 1_000
const voidTags = new Set(['area', 'base', 'br', 'col', 'hr', 'img', 'input', 'link', 'meta', 'wbr'])

/** The most elements that are open at once, those that need no end not counted. */
function openTagsAtOnce(text: string): number {
  let open = 0
  let most = 0
  for (const [, end, name] of text.matchAll(/<(\/?)([a-z][a-z0-9]*)/gi)) {
    if (voidTags.has(name!.toLowerCase())) continue
    open = Math.max(0, open + (end === '/' ? -1 : 1))
    most = Math.max(most, open)
  }
  return most
}
