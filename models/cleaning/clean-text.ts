// Cleans a text before it is classified, independently of its language. The same steps run in the
// stream and in training, so that a model sees the same kind of text. No step uses a word list, and
// each takes linear time for any text.
import type { Config } from '../../configs/schema.ts'
import { composing } from '../tokenizers/composition.ts'
import { markupText } from './markup-text.ts'
import { maskingPersonal } from './mask-personal.ts'
import { finish, type Work } from '../runtime/sliced-work.ts'

export type CleaningStep = Config['cleaning']['steps'][number]

/**
 * Applies the steps in the order given.
 *
 * @example
 * cleanText('Cafe\u0301\u0007  noir', ['unicode', 'control', 'whitespace']) // 'Café noir'
 */
export function cleanText(text: string, steps: readonly CleaningStep[]): string {
  return finish(cleaning(text, steps))
}

/** `cleanText` as interruptible work, for callers that share an event loop; see `LoopTurns.run`. */
export function* cleaning(text: string, steps: readonly CleaningStep[]): Work<string> {
  let cleaned = text
  for (const step of steps) {
    cleaned = yield* apply[step](cleaned)
    yield
  }
  return cleaned
}

const apply: Record<CleaningStep, (text: string) => Work<string>> = {
  // Halves of surrogate pairs become U+FFFD, as any UTF-8 encoder would make them; then NFC.
  unicode: (text) => composing(text.toWellFormed()),
  // Removes C0 and C1 controls except tab and line feed, and the byte order mark. Joiners (ZWJ,
  // ZWNJ) and direction marks carry meaning in many scripts, so they stay.
  *control(text) {
    const lines = text.replace(/\r\n?/g, '\n')
    yield
    return lines.replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\uFEFF]/g, '')
  },
  'mail-quotes': stripMailQuotes,
  personal: maskingPersonal,
  markup: stripMarkup,
  *whitespace(text) {
    const spaced = text.replace(/[^\S\n]+/gu, ' ')
    yield
    return spaced.replace(/ ?\n[ \n]*/g, '\n').trim()
  },
}

/**
 * Removes lines that quote an earlier mail, and everything after the signature mark (RFC 3676,
 * 4.3).
 */
function* stripMailQuotes(text: string): Work<string> {
  const lines = text.split('\n')
  yield
  const signature = lines.lastIndexOf('-- ')
  const body = signature > 0 ? lines.slice(0, signature) : lines
  return body.filter((line) => !/^\s{0,3}>/.test(line)).join('\n')
}

/** Removes markup. A text without anything like a tag does not change, so that `a < b` survives. */
function* stripMarkup(text: string): Work<string> {
  if (!/<(?:!doctype|\/?[a-z][a-z0-9]*)\b[^<>]*>/i.test(text)) return text
  yield
  return yield* markupText(text)
}
