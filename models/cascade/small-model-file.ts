// The file of a small model: a safetensors file with the tensors of `SmallModelParts`. It is small:
// int8 weights, and a float32 per row.
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import { checkGramTable } from './gram-table.ts'
import type { SmallModelParts } from './small-model.ts'

type Tensor = { readonly name: string; readonly shape: number[]; readonly of: TensorArray }
type TensorArray = Int8Array | Int32Array | Float32Array

const lengthBytes = 8

/** The bytes of a small model; the same parts give the same bytes. */
export function writeSmallModel({ bias, grams, tokens }: SmallModelParts): Uint8Array {
  const labels = bias.length
  const tensors: Tensor[] = [
    { name: 'bias', shape: [labels], of: bias },
    { name: 'grams.table', shape: [grams.table.length / 2, 2], of: grams.table },
    { name: 'grams.rarity', shape: [grams.rarity.length], of: grams.rarity },
    { name: 'grams.scales', shape: [grams.scales.length], of: grams.scales },
    { name: 'tokens.scales', shape: [tokens.scales.length], of: tokens.scales },
    { name: 'tokens.shares', shape: [tokens.shares.length], of: tokens.shares },
    // Bytes last, so that every number before them is aligned.
    { name: 'grams.weights', shape: [grams.scales.length, labels], of: grams.weights },
    { name: 'tokens.weights', shape: [tokens.scales.length, labels], of: tokens.weights },
  ]
  const header: Record<string, unknown> = {}
  let offset = 0
  for (const { name, shape, of } of tensors) {
    header[name] = { dtype: dtypeOf(of), shape, data_offsets: [offset, offset + of.byteLength] }
    offset += of.byteLength
  }
  const text = JSON.stringify(header)
  // Padded with spaces, as the format recommends, so that the tensors are aligned.
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / lengthBytes) * lengthBytes))
  const length = Buffer.alloc(lengthBytes)
  length.writeBigUInt64LE(BigInt(padded.length))
  const parts = tensors.map(({ of }) => Buffer.from(of.buffer, of.byteOffset, of.byteLength))
  return Buffer.concat([length, padded, ...parts])
}

function dtypeOf(array: TensorArray): string {
  if (array instanceof Int8Array) return 'I8'
  return array instanceof Int32Array ? 'I32' : 'F32'
}

/**
 * Reads the file of a small model for so many labels. Everything that could make it read outside of
 * its arrays is checked.
 *
 * @throws WinnowError `model_corrupt`.
 */
export function readSmallModel(file: Uint8Array, { labels }: { labels: number }): SmallModelParts {
  try {
    const read = tensorReader(file)
    const rarity = read('grams.rarity', Float32Array)
    const shares = read('tokens.shares', Float32Array)
    const parts: SmallModelParts = {
      bias: sized(read('bias', Float32Array), labels),
      grams: {
        table: read('grams.table', Int32Array),
        rarity,
        scales: sized(read('grams.scales', Float32Array), rarity.length),
        weights: sized(read('grams.weights', Int8Array), rarity.length * labels),
      },
      tokens: {
        shares,
        scales: sized(read('tokens.scales', Float32Array), shares.length),
        weights: sized(read('tokens.weights', Int8Array), shares.length * labels),
      },
    }
    checkGramTable(parts.grams.table, rarity.length)
    const floats = [parts.bias, rarity, parts.grams.scales, shares, parts.tokens.scales]
    if (!floats.every((tensor) => tensor.every(Number.isFinite))) {
      throw new Error('a number is not finite')
    }
    return parts
  } catch (cause) {
    const message = `The small model cannot be read: ${errorMessage(cause)}`
    throw new WinnowError('model_corrupt', message, { cause })
  }
}

type ArrayType<T> = { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer): T }

function tensorReader(file: Uint8Array): <T>(name: string, type: ArrayType<T>) => T {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const end = lengthBytes + Number(view.getBigUint64(0, true))
  const text = new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(lengthBytes, end))
  const header = JSON.parse(text) as Record<string, { data_offsets?: [number, number] } | undefined>
  return (name, type) => {
    const [from, to] = header[name]?.data_offsets ?? []
    if (!Number.isInteger(from) || !Number.isInteger(to)) throw new Error(`no tensor ${name}`)
    const bytes = file.subarray(end + from!, end + to!)
    if (bytes.length !== to! - from! || bytes.length % type.BYTES_PER_ELEMENT !== 0) {
      throw new Error(`the tensor ${name} is cut off`)
    }
    return new type(Uint8Array.from(bytes).buffer)
  }
}

function sized<T extends { readonly length: number }>(array: T, length: number): T {
  if (array.length === length) return array
  throw new Error(`a tensor has ${array.length} elements instead of ${length}`)
}
