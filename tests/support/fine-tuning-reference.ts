// What PyTorch computed for three training steps of the tiny encoder, with the feeds that give
// Winnow the same texts. The script of the fixture is in tests/fixtures/.
import { readFileSync } from 'node:fs'
import type { StepParameter } from '../../models/graph/training-step.ts'
import type { Feeds, Plain } from './graph-engines.ts'

export type FineTuningReference = {
  readonly ids: number[][]
  readonly lengths: number[]
  readonly truth: number[]
  /** Rows of the word table that the batch uses; ids index these. */
  readonly usedRows: number[]
  readonly losses: number[]
  readonly gradientNorms: number[]
  readonly gradients: Record<string, number[]>
  readonly weights: Record<string, number[]>
}

const labels = 3
const smoothing = 0.1

/** Reads the fixture. */
export function fineTuningReference(): FineTuningReference {
  const path = new URL('../fixtures/fine-tuning-reference.json', import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')) as FineTuningReference
}

/** Texts and targets of the reference. */
export function referenceBatch({ ids, lengths, truth, usedRows }: FineTuningReference): Feeds {
  const batch = ids.length
  const targets = Float32Array.from({ length: batch * labels }, (_, i) => {
    const isTruth = truth[Math.floor(i / labels)] === i % labels
    return (smoothing / labels + (isTruth ? 1 - smoothing : 0)) / batch
  })
  const places = Int32Array.from(ids.flat(), (id) => usedRows.indexOf(id))
  return {
    input_ids: { elements: places, shape: [batch, ids[0]!.length] },
    lengths: { elements: Int32Array.from(lengths), shape: [batch] },
    targets: { elements: targets, shape: [batch, labels] },
  }
}

/** A weight as it is fed: for the word table, only the used rows. */
export function referenceWeight(
  { elements, shape, rows }: Pick<StepParameter, 'elements' | 'shape' | 'rows'>,
  { usedRows }: FineTuningReference,
): Plain {
  if (rows === 'all') return { elements: Float32Array.from(elements), shape }
  const width = shape[1]!
  const used = usedRows.flatMap((row) => [...elements.subarray(row * width, (row + 1) * width)])
  return { elements: Float32Array.from(used), shape: [usedRows.length, width] }
}
