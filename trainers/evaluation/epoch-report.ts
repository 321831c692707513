// What is known of an epoch of fine-tuning once it is over.

/** How an epoch (from 1) went. */
export type EpochReport = {
  readonly epoch: number
  /** Mean over the epoch's examples. */
  readonly trainLoss: number
  readonly macroF1: number
  readonly accuracy: number
}
