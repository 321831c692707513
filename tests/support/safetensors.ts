// Writes the weights of an encoder as PyTorch's BertModel would save them to safetensors.
import { transpose, type EncoderWeights } from '../../models/graph/weights/bert-weights.ts'
import type { WeightTensor } from '../../models/graph/onnx/onnx-reader.ts'
import { visitWeights } from './bert-tensors.ts'

/** A safetensors file with the tensors of a BertModel, F32. */
export function safetensorsOf(weights: EncoderWeights): Uint8Array {
  const tensors = new Map<string, WeightTensor>()
  visitWeights(weights, {
    prefix: 'bert.',
    table: (name, table) => tensors.set(name, table),
    norm(path, { scale, bias }) {
      // The names in checkpoints from before 2020.
      tensors.set(`${path}.gamma`, { shape: [scale.length], elements: scale })
      tensors.set(`${path}.beta`, { shape: [bias.length], elements: bias })
    },
    linear(path, { from, to, weight, bias }) {
      tensors.set(`${path}.weight`, transpose({ shape: [from, to], elements: weight }))
      tensors.set(`${path}.bias`, { shape: [to], elements: bias })
    },
  })
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
