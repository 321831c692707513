// Writes the weights of an encoder as PyTorch's BertModel would save them to safetensors.
import type { EncoderWeights, LinearWeights, NormWeights } from '../../models/graph/bert-weights.ts'

type Stored = { readonly shape: readonly number[]; readonly elements: Float32Array }

/** A safetensors file with the tensors of a BertModel, F32. */
export function safetensorsOf(weights: EncoderWeights): Uint8Array {
  const { hidden, vocabulary, positions } = weights
  const tensors = new Map<string, Stored>()
  const norm = (path: string, { scale, bias }: NormWeights): void => {
    // The names of checkpoints before 2020.
    tensors.set(`${path}.gamma`, { shape: [hidden], elements: scale })
    tensors.set(`${path}.beta`, { shape: [hidden], elements: bias })
  }
  const linear = (path: string, { from, to, weight, bias }: LinearWeights): void => {
    const turned = Float32Array.from(
      weight,
      (_, i) => weight[(i % from) * to + Math.floor(i / from)]!,
    )
    tensors.set(`${path}.weight`, { shape: [to, from], elements: turned })
    tensors.set(`${path}.bias`, { shape: [to], elements: bias })
  }
  const table = (name: string, rows: number, elements: Float32Array): void => {
    tensors.set(`bert.embeddings.${name}.weight`, { shape: [rows, hidden], elements })
  }
  table('word_embeddings', vocabulary, weights.wordEmbedding)
  table('position_embeddings', positions, weights.positionEmbedding)
  table('token_type_embeddings', weights.typeEmbedding.length / hidden, weights.typeEmbedding)
  norm('bert.embeddings.LayerNorm', weights.embeddingNorm)
  for (const [index, layer] of weights.layers.entries()) {
    const path = `bert.encoder.layer.${index}`
    linear(`${path}.attention.self.query`, layer.query)
    linear(`${path}.attention.self.key`, layer.key)
    linear(`${path}.attention.self.value`, layer.value)
    linear(`${path}.attention.output.dense`, layer.attentionOutput)
    norm(`${path}.attention.output.LayerNorm`, layer.attentionNorm)
    linear(`${path}.intermediate.dense`, layer.intermediate)
    linear(`${path}.output.dense`, layer.output)
    norm(`${path}.output.LayerNorm`, layer.outputNorm)
  }
  return file(
    [...tensors].map(([name, { shape, elements }]) => {
      const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength)
      return { name, dtype: 'F32', shape, bytes }
    }),
  )
}

/** The bytes of a safetensors file. */
export function file(
  tensors: readonly { name: string; dtype: string; shape: readonly number[]; bytes: Uint8Array }[],
): Uint8Array {
  let end = 0
  const header = Object.fromEntries(
    tensors.map(({ name, dtype, shape, bytes }) => {
      const begin = end
      end += bytes.byteLength
      return [name, { dtype, shape, data_offsets: [begin, end] }]
    }),
  )
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.byteLength))
  return Buffer.concat([length, text, ...tensors.map(({ bytes }) => bytes)])
}
