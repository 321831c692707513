// Reads the weights of a base encoder in the store, from any supported file format.
import { readFile } from 'node:fs/promises'
import { safetensorsFile } from './base-sources.ts'
import {
  collectBertWeights,
  readBertWeights,
  type EncoderWeights,
} from '../graph/weights/bert-weights.ts'
import { readOnnx } from '../graph/onnx/onnx-reader.ts'
import { readSafetensors } from '../graph/weights/safetensors.ts'

/** The default of BERT's own configuration. */
const epsilonDefault = 1e-12

/** Reads the weights. Throws `model_incompatible` and `graph_invalid`. */
export async function readBaseWeights(base: {
  modelPath: string
  heads: number
  epsilon?: number | undefined
}): Promise<EncoderWeights> {
  const { modelPath, heads, epsilon } = base
  const bytes = await readFile(modelPath)
  if (modelPath.endsWith(safetensorsFile)) {
    return collectBertWeights(readSafetensors(bytes), { heads, epsilon: epsilon ?? epsilonDefault })
  }
  return readBertWeights(readOnnx(bytes), { heads, epsilon })
}
