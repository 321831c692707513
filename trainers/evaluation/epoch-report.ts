// The scores of one epoch of fine-tuning.

/** The scores after an epoch, which counts from 1. */
export type EpochReport = {
  readonly epoch: number
  /** The mean loss over the epoch's examples. */
  readonly trainLoss: number
  readonly macroF1: number
  readonly accuracy: number
  readonly logLoss: number
}
