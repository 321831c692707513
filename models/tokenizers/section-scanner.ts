// Splits a text into sections between added tokens: first at the tokens that are searched for in
// the raw text, then, after normalization, at the others. The given section scanner encodes
// sections.
import { createTokenSplitter, type AddedToken } from './added-tokens.ts'
import type { Work } from '../runtime/sliced-work.ts'
import type { PartNormalizer, Scanner, ScanTarget } from './scanner.ts'
import { incompatible } from './tokenizer-file.ts'

/** Normalized text between added tokens; `isFirst` if the text begins with it. */
export type Section = { readonly parts: Iterable<string>; readonly isFirst: boolean }

/** Appends the ids of a section, until its end or until there are enough. */
export type SectionScanner = (section: Section, target: ScanTarget) => Work<void>

/** A scanner of whole texts; halves of surrogate pairs count as U+FFFD. */
export function createSectionScanner(options: {
  added: readonly AddedToken[]
  normalize: PartNormalizer
  scan: SectionScanner
}): Scanner {
  const { added, normalize, scan } = options
  const splitRaw = createTokenSplitter(added.filter(({ normalized }) => !normalized))
  const cooked = added
    .filter(({ normalized }) => normalized)
    .map((token) => ({ ...token, content: joined(normalize(token.content)) }))
  requireApart(cooked)
  const splitCooked = createTokenSplitter(cooked)
  return function* (text, target) {
    const { found, idsMin } = target
    let isFirst = true
    for (const segment of splitRaw(text.toWellFormed())) {
      if ('id' in segment) found.push(segment.id)
      else if (cooked.length === 0) {
        yield* scan({ parts: normalize(segment.text), isFirst }, target)
      } else {
        for (const part of splitCooked(yield* joining(normalize(segment.text)))) {
          if ('id' in part) found.push(part.id)
          else yield* scan({ parts: [part.text], isFirst }, target)
          isFirst = false
          if (found.length >= idsMin) return undefined
        }
      }
      isFirst = false
      if (found.length >= idsMin) return undefined
    }
    return undefined
  }
}

/** Refuses equal tokens, of which the reference takes any, and empty ones, which it fails at. */
function requireApart(normalized: readonly AddedToken[]): void {
  const seen = new Set<string>()
  for (const { content } of normalized) {
    if (content === '') throw incompatible(['an added token is empty once it is normalized'])
    if (seen.has(content)) {
      throw incompatible([`several added tokens are '${content}' once they are normalized`])
    }
    seen.add(content)
  }
}

/** Concatenates the parts; the work can pause after each. */
export function* joining(parts: Iterable<string>): Work<string> {
  let whole = ''
  for (const part of parts) {
    whole += part
    yield
  }
  return whole
}

/** Concatenates the parts. */
export function joined(parts: Iterable<string>): string {
  let whole = ''
  for (const part of parts) whole += part
  return whole
}
