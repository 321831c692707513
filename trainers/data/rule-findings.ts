// The settings and the findings of the data rules, as a data manifest stores them. data-rules.ts
// applies the rules, and rule-report.ts prints the findings.

/** The settings of the rules. */
export type DataRules = {
  /**
   * `drop` keeps the first of equal texts with the same label. Of equal texts with different
   * labels, it keeps one with the label that more than half of them have, or none. `keep` keeps
   * all, on one side of every split.
   */
  readonly duplicates: 'drop' | 'keep'
  /** The Jaccard index from which texts are near duplicates; undefined turns the rule off. */
  readonly nearDuplicates: number | undefined
  /** Labels with fewer examples are dropped. */
  readonly minExamples: number
}

/** What the rules found in a data set and removed from it. */
export type RuleFindings = {
  readonly rules: DataRules
  readonly emptyTexts: number
  /** Examples that repeat an earlier text with the same label. */
  readonly duplicates: number
  /** The number of texts with different labels, and of their examples. */
  readonly conflicts: { readonly texts: number; readonly examples: number }
  /** Examples with near duplicates in the same data set, and the number of their groups. */
  readonly nearDuplicates: { readonly examples: number; readonly groups: number }
  /** Examples that were removed because test or validation has the same or nearly the same text. */
  readonly heldOut: { readonly exact: number; readonly near: number }
  /** Labels with a single example, which can be trained but not validated. */
  readonly singleExampleLabels: readonly string[]
  /** The removed labels, which have fewer than `minExamples`, and their numbers of examples. */
  readonly droppedLabels: Readonly<Record<string, number>>
  /** The number of examples that all rules removed, without empty texts. */
  readonly removed: number
}
