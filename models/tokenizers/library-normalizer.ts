// The normalizers of tokenizers that @huggingface/tokenizers runs. Winnow's own normalizers are
// used if there is one, because they match the reference on every version of Node; the library runs
// the others with the runtime's Unicode tables.
import { bertCharacters } from './bert-characters.ts'
import { normalizeText } from './bert-word.ts'
import { createComposer, createLowercase, strippedText } from './character-kinds.ts'
import type { LibraryParts } from './library-file.ts'
import { createPrecompiledMap } from './precompiled-map.ts'
import { joined } from './section-scanner.ts'
import { letterCaseOf } from './bert-words.ts'

type Normalizer = NonNullable<LibraryParts['normalizer']>
type Step = Exclude<Normalizer, { type: 'Sequence' }>

/** Normalizes a text. */
export type TextNormalizer = (text: string) => string

/** Chains the steps of a normalizer; `inLibrary` makes the steps that are not Winnow's own. */
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
