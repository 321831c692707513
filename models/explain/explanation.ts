// What an explanation is: the attributions of a text's tokens and words to one label, and how they
// were found. explain-text.ts makes explanations.

/** The methods; `auto` is integrated gradients where the graph is Winnow's own, else occlusion. */
export const explanationMethods = ['auto', 'integrated-gradients', 'occlusion', 'shapley'] as const
export type ExplanationMethod = (typeof explanationMethods)[number]

/** A token or word: `text` is what stands from `start` to `end` (UTF-16) in the given text. */
export type Attribution = {
  readonly text: string
  readonly start: number
  readonly end: number
  /** In log-odds of the label: positive where it speaks for the label. */
  readonly attribution: number
  /** The standard error of the attribution; only of Shapley values, which are estimates. */
  readonly standardError?: number
}

/** Why a text has its label. */
export type Explanation = {
  /** `name@version`. */
  readonly model: string
  readonly label: string
  /** The probability of the label. */
  readonly score: number
  readonly logOdds: number
  readonly method: Exclude<ExplanationMethod, 'auto'>
  /** What the text is compared with: a baseline, or what replaces hidden tokens. */
  readonly baseline: 'padding' | 'mask' | 'unknown' | 'nothing'
  /** The log-odds of the baseline; null with occlusion, which has none. */
  readonly baselineLogOdds: number | null
  /** Steps of integrated gradients. */
  readonly steps: number | null
  /** Orders in which Shapley sampling revealed the words. */
  readonly permutations: number | null
  /**
   * How far the sum of the attributions is from the difference of the log-odds of text and
   * baseline, as a share of that difference; null with occlusion.
   */
  readonly completenessGap: number | null
  /** Whether the end of the text was not read, so that it has no tokens. */
  readonly truncated: boolean
  readonly tokens: readonly Attribution[]
  readonly words: readonly Attribution[]
}

/** What to explain. */
export type ExplainRequest = {
  readonly text: string
  /** Default: the label that the model gives. */
  readonly label?: string | undefined
  /** Default `auto`. */
  readonly method?: ExplanationMethod | undefined
}
