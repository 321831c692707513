// Texts that stand for the most frequent mistakes of a classifier, so that people see what it
// confuses. Which pairs are most frequent is decided by evaluation.ts.
import type { Attribution, Explanation } from '../../models/explain/explanation.ts'
import { rowOutcomes, type Predictions } from './metrics.ts'
import type { Confusion } from './evaluation.ts'

/** A pair of labels with the texts that have the highest scores. */
export type ConfusedTexts = Omit<Confusion, 'count'> & {
  readonly texts: readonly ConfusedText[]
}

/** A text with a wrong label. */
export type ConfusedText = {
  /** The beginning of the text. */
  readonly text: string
  /** The probability of the wrong label. */
  readonly confidence: number
  /** Why the wrong label; of a few texts. */
  readonly explained?: ExplainedMistake | undefined
}

/** What an explanation of a wrong label says, as far as a report shows it. */
export type ExplainedMistake = Pick<Explanation, 'method'> & {
  /** The probability of the wrong label that the explained model gives to `text`. */
  readonly score: number
  /** Places in `text`, and attributions in log-odds of the wrong label. */
  readonly words: readonly Pick<Attribution, 'start' | 'end' | 'attribution'>[]
}

const pairsMax = 20
const textsPerPair = 3
/** More of a text would not fit into a report. */
const charactersMax = 300

/**
 * The texts behind the pairs that `mostConfused` lists first, those with the highest wrong
 * confidence first. The predictions are those of `texts`, in the same order.
 */
export function confusedTexts(
  mostConfused: readonly Confusion[],
  {
    predictions,
    labels,
    texts,
  }: {
    readonly predictions: Omit<Predictions, 'labels'>
    readonly labels: readonly string[]
    readonly texts: readonly string[]
  },
): ConfusedTexts[] {
  const { truth, predicted, confidence } = rowOutcomes({ ...predictions, labels: labels.length })
  const rowsOf = new Map<string, number[]>()
  for (const [row, label] of truth.entries()) {
    if (predicted[row] === label) continue
    const pair = pairKey(label, predicted[row]!)
    const rows = rowsOf.get(pair)
    if (rows === undefined) rowsOf.set(pair, [row])
    else rows.push(row)
  }
  return mostConfused.slice(0, pairsMax).map(({ truth: given, predicted: wrong }) => {
    const rows = rowsOf.get(pairKey(labels.indexOf(given), labels.indexOf(wrong))) ?? []
    const surest = rows.sort((a, b) => confidence[b]! - confidence[a]! || a - b)
    return {
      truth: given,
      predicted: wrong,
      texts: surest.slice(0, textsPerPair).map((row) => ({
        text: beginningOf(texts[row]!, charactersMax),
        confidence: Number(confidence[row]!.toFixed(4)),
      })),
    }
  })
}

function pairKey(truth: number, predicted: number): string {
  return `${truth} ${predicted}`
}

/** What stands behind the beginning of a text that was cut. */
export const cutMark = '…'

/** The beginning of a text on one line, cut between characters, not within a surrogate pair. */
export function beginningOf(text: string, charactersMost: number): string {
  const line = text
    .slice(0, 4 * charactersMost)
    .replace(/\s+/gu, ' ')
    .trim()
  const characters = Array.from(line)
  if (text.length <= 4 * charactersMost && characters.length <= charactersMost) return line
  return characters.slice(0, charactersMost).join('') + cutMark
}
