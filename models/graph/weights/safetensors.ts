// Reads a safetensors file (https://github.com/huggingface/safetensors#format): the length of a
// JSON header, the header, then the bytes of all tensors. bert-weights.ts decides what each tensor
// means.
import { z } from 'zod'
import { errorMessage, WinnowError } from '../../../schemas/errors.ts'
import { transpose, type WeightSource } from './bert-weights.ts'
import { floats, type WeightTensor } from '../onnx/onnx-reader.ts'

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
})
type Entry = z.infer<typeof entrySchema>

const lengthBytes = 8

/**
 * The tensors of a PyTorch module as float32; the file may hold F32, F16 and BF16. PyTorch stores
 * the matrix of a linear layer as [to, from], and `matrix` returns it as [from, to]. Layer
 * normalisations may use their old names, gamma and beta. Throws `graph_invalid` when the bytes are
 * not a safetensors file. Reading a tensor throws `model_incompatible` for another element type,
 * and `graph_invalid` when its bytes do not match its shape.
 */
export function readSafetensors(bytes: Uint8Array): WeightSource {
  const { entries, data } = readHeader(bytes)
  const tensor = (name: string): WeightTensor | undefined => {
    const known = [name, name.replace(/LayerNorm\.weight$/, 'LayerNorm.gamma')]
    known.push(name.replace(/LayerNorm\.bias$/, 'LayerNorm.beta'))
    const found = known.find((one) => entries.has(one))
    return found === undefined ? undefined : decode(found, entries.get(found)!, data)
  }
  const matrix = (path: string): WeightTensor | undefined => {
    const weight = tensor(`${path}.weight`)
    return weight?.shape.length === 2 ? transpose(weight) : undefined
  }
  return { names: entries.keys(), tensor, matrix }
}

function readHeader(bytes: Uint8Array): { entries: Map<string, Entry>; data: Uint8Array } {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const end = lengthBytes + Number(view.getBigUint64(0, true))
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(lengthBytes, end))
    const header = z.record(z.string(), z.unknown()).parse(JSON.parse(text))
    const entries = new Map<string, Entry>()
    for (const [name, entry] of Object.entries(header)) {
      if (name !== '__metadata__') entries.set(name, entrySchema.parse(entry))
    }
    return { entries, data: bytes.subarray(end) }
  } catch (cause) {
    const message = `Not a safetensors file: ${errorMessage(cause)}`
    throw new WinnowError('graph_invalid', message, { cause })
  }
}

function decode(name: string, entry: Entry, data: Uint8Array): WeightTensor {
  const { dtype, shape } = entry
  const [begin, end] = entry.data_offsets
  const convert = conversions.get(dtype)
  if (convert === undefined) {
    const message = `${name} is ${dtype}; Winnow reads weights in F32, F16 and BF16.`
    throw new WinnowError('model_incompatible', message)
  }
  const elements = convert(data.subarray(begin, end))
  const count = shape.reduce((product, size) => product * size, 1)
  if (elements.length !== count) {
    const message = `${name} has ${elements.length} elements in the file, and its shape needs ${count}.`
    throw new WinnowError('graph_invalid', message, { details: { tensor: name } })
  }
  return { shape, elements }
}

const conversions: ReadonlyMap<string, (bytes: Uint8Array) => Float32Array> = new Map([
  ['F32', floats],
  ['F16', (bytes: Uint8Array) => Float32Array.from(words(bytes), halfToFloat)],
  ['BF16', (bytes: Uint8Array) => floatsOfBits(words(bytes), (word) => word << 16)],
])

/** Bytes as little-endian 16-bit words. */
function words(bytes: Uint8Array): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : Uint8Array.from(bytes)
  return new Uint16Array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / 2))
}

function floatsOfBits(halves: Uint16Array, bitsOf: (word: number) => number): Float32Array {
  return new Float32Array(Int32Array.from(halves, bitsOf).buffer)
}

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits, 10 fraction bits. */
function halfToFloat(word: number): number {
  const sign = word & 0x8000 ? -1 : 1
  const exponent = (word >> 10) & 31
  const fraction = word & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
