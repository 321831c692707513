// Recognises texts and ids to forget in what Winnow writes about them: whole, within a longer text,
// or cut as reports cut them. White space counts as one space, as in reports.
import { beginningOf, cutMark } from '../evaluation/confused-texts.ts'

/** A shorter text is only recognised where it stands alone, since other texts may contain it. */
const withinMin = 20
/** A shorter beginning of a text is not taken for it. */
const beginningMin = 40
/** How many characters reports show of a text. */
const shownMax = 300

/** The texts and the ids of events that are to be forgotten. */
export class ForgottenTexts {
  readonly #whole: ReadonlySet<string>
  readonly #ids: ReadonlySet<string>
  /** The texts as they are, of which caches have the hash. */
  readonly texts: readonly string[]

  constructor({ texts, ids }: { texts: readonly string[]; ids: readonly string[] }) {
    this.texts = [...new Set(texts)].filter((text) => oneLine(text) !== '')
    this.#whole = new Set(this.texts.map(oneLine))
    this.#ids = new Set(ids)
  }

  /** Whether there is nothing to look for. */
  get isEmpty(): boolean {
    return this.#whole.size === 0 && this.#ids.size === 0
  }

  isId(id: unknown): boolean {
    return typeof id === 'string' && this.#ids.has(id)
  }

  /** Whether a string is one of the texts, holds one, or is the beginning of one. */
  isIn(value: string): boolean {
    const line = oneLine(value)
    if (this.#whole.has(line)) return true
    const isCut = line.endsWith(cutMark) && line.length > beginningMin
    const beginning = line.slice(0, -cutMark.length)
    for (const text of this.#whole) {
      if (text.length >= withinMin && line.includes(text)) return true
      if (isCut && text.startsWith(beginning)) return true
    }
    return false
  }

  /** Whether a page shows one of the texts, whole or as its beginning. */
  isOnPage(html: string): boolean {
    const nodes = html.replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, ' ')
    // Explanations mark the words of a text, so tags may stand within it.
    const shown = oneLine(unescaped(nodes.replace(/<[^>]*>/g, '')))
    const apart = oneLine(unescaped(nodes.replace(/<[^>]*>/g, ' ')))
    const alone = new Set(nodes.split(/<[^>]*>/).map((node) => oneLine(unescaped(node))))
    for (const text of this.#whole) {
      if (alone.has(text)) return true
      if (text.length < withinMin) continue
      const beginning = beginningOf(text, shownMax)
      if ([shown, apart].some((page) => page.includes(text) || page.includes(beginning))) {
        return true
      }
    }
    return false
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim()
}

function unescaped(html: string): string {
  return html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}
