// Normalizes words as BERT does: drops characters, strips accents, lower-cases. bert-words.ts finds
// the words, and bert-characters.ts has the tables.
import { characterKind, type BertCharacters } from './bert-characters.ts'

/** The most arguments of one call; JavaScript limits their number. */
const argumentsMax = 8_192

/**
 * The normalized word; empty if no character remains. Undefined if it has more than `charsMax`
 * characters: such a word is one unknown token, so the rest of a 1 MB word is not read.
 */
export function normalizeWord(
  raw: string,
  options: { characters: BertCharacters; charsMax: number },
): string | undefined {
  const { kinds, replacements, combiningClasses } = options.characters
  if (raw.length <= options.charsMax) {
    const ascii = asciiWord(raw, kinds)
    if (ascii !== undefined) return ascii
  }
  const word = new WordBuilder(combiningClasses)
  for (let i = 0; i < raw.length; i++) {
    const codePoint = raw.codePointAt(i)!
    if (codePoint > 0xffff) i++
    const kind = kinds[codePoint]
    if (kind === characterKind.dropped) continue
    if (kind === characterKind.starterMark) word.endStack()
    else if (kind !== characterKind.mapped) word.add(codePoint)
    else for (const c of replacements.get(codePoint)![0]!) word.add(c.codePointAt(0)!)
    if (word.length > options.charsMax) return undefined
  }
  word.endStack()
  return word.text()
}

/** The normalized word if all its characters are ASCII and stay, perhaps in lower case. */
function asciiWord(raw: string, kinds: Uint8Array): string | undefined {
  let isLowered = false
  for (let i = 0; i < raw.length; i++) {
    const unit = raw.charCodeAt(i)
    if (unit >= 0x80) return undefined
    // Lower case is all that ASCII is mapped to.
    if (kinds[unit] === characterKind.mapped) isLowered = true
    else if (kinds[unit] !== characterKind.plain) return undefined
  }
  return isLowered ? raw.toLowerCase() : raw
}

/**
 * Normalizes a whole text: white space becomes a plain space, and ideographs get spaces around
 * them. It is for added tokens that are searched for after normalization; words are normalized one
 * by one. It is idempotent.
 */
export function normalizeText(text: string, characters: BertCharacters): string {
  const { kinds, replacements, combiningClasses } = characters
  const normalized = new WordBuilder(combiningClasses)
  const addAll = (added: string): void => {
    for (const character of added) normalized.add(character.codePointAt(0)!)
  }
  const isolated = (character: string, words: readonly string[] = [character]): string => {
    const isPunctuation = kinds[words[0]!.codePointAt(0)!] === characterKind.punctuation
    return isPunctuation ? words.join('') : ` ${words[0]} `
  }
  for (const character of text) {
    const codePoint = character.codePointAt(0)!
    const kind = kinds[codePoint]
    if (kind === characterKind.dropped) continue
    if (kind === characterKind.starterMark) normalized.endStack()
    else if (kind === characterKind.space) addAll(' ')
    else if (kind === characterKind.mapped) addAll(replacements.get(codePoint)![0]!)
    else if (kind === characterKind.isolated)
      addAll(isolated(character, replacements.get(codePoint)))
    else normalized.add(codePoint)
  }
  normalized.endStack()
  return normalized.text()
}

// Keeps runs of stacked marks in canonical order: ascending combining class, stable.
class WordBuilder {
  readonly #combiningClasses: ReadonlyMap<number, number>
  readonly #codePoints: number[] = []
  #stackFrom = -1

  constructor(combiningClasses: ReadonlyMap<number, number>) {
    this.#combiningClasses = combiningClasses
  }

  get length(): number {
    return this.#codePoints.length
  }

  add(codePoint: number): void {
    const stacked = codePoint >= 0x300 && this.#combiningClasses.has(codePoint)
    if (!stacked) this.endStack()
    else if (this.#stackFrom < 0) this.#stackFrom = this.#codePoints.length
    this.#codePoints.push(codePoint)
  }

  endStack(): void {
    if (this.#stackFrom < 0) return
    const classes = this.#combiningClasses
    const stack = this.#codePoints.splice(this.#stackFrom)
    stack.sort((a, b) => classes.get(a)! - classes.get(b)!)
    this.#codePoints.push(...stack)
    this.#stackFrom = -1
  }

  text(): string {
    let text = ''
    for (let at = 0; at < this.#codePoints.length; at += argumentsMax) {
      text += String.fromCodePoint(...this.#codePoints.slice(at, at + argumentsMax))
    }
    return text
  }
}
