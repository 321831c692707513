// Normalizers of tokenizers that go through @huggingface/tokenizers. Those that this folder has for
// its own scanners are used here too, because their ids are the reference's on every version of
// Node; the library runs the others, by the runtime's Unicode tables.
import { bertCharacters } from './bert-characters.ts'
import { normalizeText } from './bert-word.ts'
import { createComposer, createLowercase, strippedText } from './character-kinds.ts'
import type { LibraryParts } from './library-file.ts'
import { createPrecompiledMap } from './precompiled-map.ts'
import { joined } from './section-scanner.ts'
import { letterCaseOf } from './bert-words.ts'

type Normalizer = NonNullable<LibraryParts['normalizer']>
type Step = Exclude<Normalizer, { type: 'Sequence' }>

/** A text to its normalized text. */
export type TextNormalizer = (text: string) => string

/** Puts the steps of a normalizer together; `inLibrary` makes those that are not Winnow's own. */
export function createLibraryNormalizer(
  normalizer: Normalizer | null,
  inLibrary: (step: Step) => TextNormalizer,
): TextNormalizer {
  if (normalizer === null) return (text) => text
  const steps = normalizer.type === 'Sequence' ? normalizer.normalizers : [normalizer]
  const run = steps.map((step) => ownStep(step) ?? inLibrary(step))
  return (text) => run.reduce((normalized, one) => one(normalized), text)
}

function ownStep(step: Step): TextNormalizer | undefined {
  switch (step.type) {
    case 'NFC': {
      const compose = createComposer()
      return (text) => joined(compose(text))
    }
    case 'Lowercase':
      return createLowercase()
    case 'Strip':
      return (text) => strippedText(text, step)
    case 'Precompiled': {
      const map = createPrecompiledMap(step.precompiled_charsmap)
      return (text) => joined(map(text))
    }
    case 'BertNormalizer': {
      const characters = bertCharacters({
        letterCase: letterCaseOf(step),
        splitsIdeographs: step.handle_chinese_chars,
      })
      return (text) => normalizeText(text, characters)
    }
    default:
      return undefined
  }
}
