// The settings of the data rules and what they found, as they stand in a data manifest. Applying
// them is data-rules.ts, telling people is rule-report.ts.

/** How the rules are set. */
export type DataRules = {
  /**
   * `drop`: of equal texts with one label the first stays; of equal texts with several labels one
   * example of the label that more than half of them have, else none. `keep`: all stay, in one
   * part.
   */
  readonly duplicates: 'drop' | 'keep'
  /** Resemblance from which texts are near duplicates; undefined turns that rule off. */
  readonly nearDuplicates: number | undefined
  /** Labels with fewer examples are dropped. */
  readonly minExamples: number
}

/** What the rules found in one data set, and what they removed. */
export type RuleFindings = {
  readonly rules: DataRules
  readonly emptyTexts: number
  /** Examples that repeat an earlier text with the same label. */
  readonly duplicates: number
  /** Texts with several labels, and the examples that have them. */
  readonly conflicts: { readonly texts: number; readonly examples: number }
  /** Examples that have near duplicates in the same data set, and the groups that these form. */
  readonly nearDuplicates: { readonly examples: number; readonly groups: number }
  /** Examples whose text, or nearly so, is also in the test or validation data: removed. */
  readonly heldOut: { readonly exact: number; readonly near: number }
  /** Labels with one example: they can be trained, not validated. */
  readonly singleExampleLabels: readonly string[]
  /** Labels with fewer than `minExamples`, and their examples: removed. */
  readonly droppedLabels: Readonly<Record<string, number>>
  /** Examples removed by all rules together, empty texts not counted. */
  readonly removed: number
}
