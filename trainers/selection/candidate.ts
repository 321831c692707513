// The candidates of `train --method auto`: each training method on each base encoder. It owns their
// names and which of two is cheaper.
import type { BaseCatalogEntry } from '../../models/bases/base-catalog.ts'
import { checkedLayers } from '../embeddings/training-limits.ts'
import type { TrainingMethod } from '../runs/run-record.ts'

/** What is known of a base before its files are read. */
export type BaseShape = Pick<BaseCatalogEntry, 'name' | 'layers' | 'hidden'> & {
  /** Whether the store has it, so that it need not be fetched first. */
  readonly isStored: boolean
}

/** A training method on a base encoder. */
export type Candidate = { readonly method: TrainingMethod; readonly base: BaseShape }

const methods: readonly TrainingMethod[] = ['head', 'partial', 'full']

/** Every method on every base: stored bases first, and of these the cheapest to train. */
export function candidatesOf(bases: readonly BaseShape[]): Candidate[] {
  const all = bases.flatMap((base) => methods.map((method): Candidate => ({ method, base })))
  // Of a single layer, no part can stay as it is.
  const possible = all.filter(({ method, base }) => method !== 'partial' || base.layers > 1)
  return possible.toSorted(
    (a, b) =>
      Number(b.base.isStored) - Number(a.base.isStored) || trainingWork(a) - trainingWork(b),
  )
}

/** The candidates, the cheapest to use first: to classify with, then to train. */
export function byCost<Of extends Candidate>(candidates: readonly Of[]): Of[] {
  return candidates.toSorted(
    (a, b) => encoderWork(a.base) - encoderWork(b.base) || trainingWork(a) - trainingWork(b),
  )
}

/** The name that people see: `partial, minilm-l6`. */
export function candidateName({ method, base }: { method: string; base: string }): string {
  return `${method}, ${base}`
}

/** Work per token, in arbitrary units: one forward pass. */
function encoderWork({ layers, hidden }: BaseShape): number {
  return layers * hidden ** 2
}

/** A backward pass is about twice the work of a forward pass. */
const forwardAndBackward = 3
/** Passes over the data of fine-tuning, roughly. */
const epochs = 5

/** Work per training token: one pass for the head, passes of training for the others. */
function trainingWork({ method, base }: Candidate): number {
  const work = encoderWork(base)
  if (method === 'head') return work
  const trained = method === 'full' ? base.layers : checkedLayers(base, undefined)
  return work * forwardAndBackward * epochs * (trained / base.layers)
}
