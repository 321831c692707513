// The scores of one epoch of fine-tuning, and the loss on the way.

/** The scores after an epoch, which counts from 1. */
export type EpochReport = {
  readonly epoch: number
  /** The mean loss over the epoch's examples. */
  readonly trainLoss: number
  readonly macroF1: number
  readonly accuracy: number
  readonly logLoss: number
}

/** The mean training loss over the steps since the last entry, up to and with `step`. */
export type StepLoss = { readonly step: number; readonly loss: number }
