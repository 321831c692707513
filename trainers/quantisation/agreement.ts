// Compares the labels of a quantised model with those of the original on the same texts, and says
// whether it may take the original's place.
import type { QuantisedFrom } from '../../models/store/manifest.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { labelIndices, labelTargets, type Dataset } from '../data/dataset.ts'
import { setOutcomes } from '../evaluation/multi-label-metrics.ts'
import { rowOutcomes } from '../evaluation/metrics.ts'

/** What the comparison found. */
export type Agreement = Pick<QuantisedFrom, 'texts' | 'agreement' | 'accuracy' | 'accuracyBefore'>

/** The share of texts whose labels must be the same. */
export const agreementMin = 0.99
/** The share of texts by which accuracy may fall. */
export const accuracyLossMax = 0.002

/** Whether the quantised model may take the original's place. */
export function keeps({ agreement, accuracy, accuracyBefore }: Agreement): boolean {
  // The difference of two shares may be off by their rounding, a share of one text by much more.
  const rounding = 1e-9
  return agreement >= agreementMin && accuracyBefore - accuracy <= accuracyLossMax + rounding
}

/**
 * Compares probabilities, float32 [texts, labels], of the original and of the quantised model. For
 * a multi-label version a text agrees if all its labels do.
 */
export function agreementOf(compared: {
  readonly exact: Float32Array
  readonly rounded: Float32Array
  readonly dataset: Dataset
  readonly version: ModelVersion
}): Agreement {
  const { exact, rounded, dataset, version } = compared
  const { labels, thresholds } = version.manifest
  const texts = dataset.examples.length
  const width = labels.length
  if (thresholds !== undefined) {
    const targets = labelTargets(dataset, labels)
    const wrong = (probabilities: Float32Array): number => {
      const { extra, missed } = setOutcomes({ targets, probabilities, labels: width }, thresholds)
      return extra.filter((list, row) => list.length + missed[row]!.length > 0).length
    }
    let agreeing = 0
    for (let row = 0; row < texts; row++) {
      const same = thresholds.every((threshold, label) => {
        const at = row * width + label
        return exact[at]! >= threshold === rounded[at]! >= threshold
      })
      if (same) agreeing++
    }
    return {
      texts,
      agreement: agreeing / texts,
      accuracy: 1 - wrong(rounded) / texts,
      accuracyBefore: 1 - wrong(exact) / texts,
    }
  }
  const truth = labelIndices(dataset, labels)
  const predicted = (probabilities: Float32Array): Int32Array =>
    rowOutcomes({ truth, probabilities, labels: width }).predicted
  const [before, after] = [predicted(exact), predicted(rounded)]
  const share = (isCounted: (row: number) => boolean): number =>
    truth.reduce((count, _, row) => count + Number(isCounted(row)), 0) / texts
  return {
    texts,
    agreement: share((row) => before[row] === after[row]),
    accuracy: share((row) => after[row] === truth[row]),
    accuracyBefore: share((row) => before[row] === truth[row]),
  }
}
