// Explains a few of the texts that a report shows for the most confused pairs of labels. What it
// computes is bounded by the texts that were read, so that it takes little time beside them.
import { openExplainer } from '../../models/explain/explain-text.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import {
  cutMark,
  type ConfusedText,
  type ConfusedTexts,
  type ExplainedMistake,
} from '../evaluation/confused-texts.ts'

const pairsMax = 5
const textsPerPairMax = 2
/**
 * An explanation costs about as much as classifying the text a hundred times. So these bounds allow
 * a few seconds, or a fifth of the time that classifying all texts once takes.
 */
const charactersMin = 600
const readPerExplained = 500

/**
 * The same pairs with explanations of their first texts: those of the most frequent pairs, at most
 * two of each, as far as the bounds allow. Integrated gradients are used where the version has
 * gradients, else occlusion. The result is the same every time.
 *
 * @throws WinnowError as openExplainer and its explain.
 */
export async function explainMistakes(
  confused: readonly ConfusedTexts[],
  options: {
    readonly version: ModelVersion
    readonly workers: number
    /** The texts that the run read. */
    readonly readTexts: readonly { readonly text: string }[]
    readonly signal?: AbortSignal | undefined
  },
): Promise<readonly ConfusedTexts[]> {
  const { version, workers, readTexts, signal } = options
  const chosen = textsToExplain(confused, charactersMax(readTexts))
  if (chosen.length === 0) return confused
  const explanations = new Map<ConfusedText, ExplainedMistake>()
  // The texts of a data set are cleaned already.
  const explainer = await openExplainer({ version, workers, steps: [] })
  try {
    for (const { shown, label } of chosen) {
      const text = withoutCutMark(shown.text)
      const { method, score, words } = await explainer.explain({ text, label }, { signal })
      explanations.set(shown, {
        method,
        score: rounded(score),
        words: words.map(({ start, end, attribution }) => {
          return { start, end, attribution: rounded(attribution) }
        }),
      })
    }
  } finally {
    await explainer.close()
  }
  return confused.map((pair) => ({
    ...pair,
    texts: pair.texts.map((shown) => ({ ...shown, explained: explanations.get(shown) })),
  }))
}

function charactersMax(texts: readonly { readonly text: string }[]): number {
  const read = texts.reduce((sum, { text }) => sum + text.length, 0)
  return Math.max(charactersMin, read / readPerExplained)
}

/** The first text of each pair, then the second ones; a text that is too long is skipped. */
function textsToExplain(
  confused: readonly ConfusedTexts[],
  charactersMost: number,
): { shown: ConfusedText; label: string }[] {
  const pairs = confused.slice(0, pairsMax)
  let room = charactersMost
  return Array.from({ length: textsPerPairMax }, (_, place) =>
    pairs.flatMap(({ predicted: label, texts }) => {
      const shown = texts[place]
      if (shown === undefined || shown.text.length > room) return []
      room -= shown.text.length
      return [{ shown, label }]
    }),
  ).flat()
}

function withoutCutMark(text: string): string {
  return text.endsWith(cutMark) ? text.slice(0, -cutMark.length) : text
}

function rounded(value: number): number {
  return Number(value.toFixed(4))
}
