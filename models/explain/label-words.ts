// Which words push a label most over many texts: adds up the attributions of words, for the label
// that each text was explained for.
import type { Explanation } from './explanation.ts'

/** A word over all texts that were explained for one label. */
export type WordEffect = {
  /** In lower case and composed (NFC). */
  readonly word: string
  /** Texts that hold the word. */
  readonly texts: number
  readonly occurrences: number
  /** What the word adds to the log-odds of the label in a text that holds it, on average. */
  readonly meanAttribution: number
}

/** The words of one label, by the sum of their attributions. */
export type LabelWords = {
  readonly label: string
  /** Texts that were explained for the label. */
  readonly texts: number
  /** Those that speak for the label most, the heaviest first. */
  readonly wordsFor: readonly WordEffect[]
  /** Those that speak against it most. */
  readonly wordsAgainst: readonly WordEffect[]
}

export type LabelWordsOptions = {
  /** Words of each list. Default 20. */
  readonly wordsMax?: number | undefined
  /** Words in fewer texts are left out. Default 2. */
  readonly textsMin?: number | undefined
}

/** Adds up explanations. */
export type LabelWordSums = {
  add(explanation: Pick<Explanation, 'label' | 'words'>): void
  /** The labels in order of their names. */
  result(options?: LabelWordsOptions): LabelWords[]
}

type Sum = { texts: number; occurrences: number; attribution: number }
type LabelSums = { texts: number; readonly words: Map<string, Sum> }

/**
 * Starts empty sums. They hold one entry for each label and word.
 *
 * @example
 * const sums = sumLabelWords()
 * for (const text of texts) sums.add(await explainer.explain({ text }))
 * const [first] = sums.result({ wordsMax: 10 })
 */
export function sumLabelWords(): LabelWordSums {
  const labels = new Map<string, LabelSums>()
  return {
    add({ label, words }) {
      const sums = labels.get(label) ?? { texts: 0, words: new Map<string, Sum>() }
      labels.set(label, sums)
      sums.texts++
      const inText = new Set<string>()
      for (const { text, attribution } of words) {
        const word = text.normalize('NFC').toLowerCase()
        // A token without a place, such as a joiner that cleaning wrote, is no word.
        if (word === '') continue
        const sum = sums.words.get(word) ?? { texts: 0, occurrences: 0, attribution: 0 }
        sums.words.set(word, sum)
        sum.occurrences++
        sum.attribution += attribution
        if (!inText.has(word)) sum.texts++
        inText.add(word)
      }
    },
    result: (options = {}) =>
      [...labels]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([label, sums]) => wordsOf(label, sums, options)),
  }
}

function wordsOf(
  label: string,
  { texts, words }: LabelSums,
  { wordsMax = 20, textsMin = 2 }: LabelWordsOptions,
): LabelWords {
  const frequent = [...words].filter(([, sum]) => sum.texts >= textsMin)
  // By name where two words weigh the same, so that the order does not depend on that of the texts.
  const sorted = frequent.toSorted(
    ([a, one], [b, other]) => other.attribution - one.attribution || (a < b ? -1 : 1),
  )
  const effect = ([word, { attribution, ...counts }]: [string, Sum]): WordEffect => ({
    word,
    ...counts,
    meanAttribution: attribution / counts.texts,
  })
  return {
    label,
    texts,
    wordsFor: sorted
      .filter(([, sum]) => sum.attribution > 0)
      .slice(0, wordsMax)
      .map(effect),
    wordsAgainst: sorted
      .filter(([, sum]) => sum.attribution < 0)
      .toReversed()
      .slice(0, wordsMax)
      .map(effect),
  }
}
