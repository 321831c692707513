// Finds the weights of a BERT encoder in a Hugging Face export, by name and orientation.
// onnx-reader.ts reads the file, and encoder.ts computes with the weights. A linear layer is looked
// up through its bias: the bias keeps its name when the exporter folds a transposition into the
// matrix and renames the matrix to `onnx::MatMul_123`.
import { WinnowError } from '../../../schemas/errors.ts'
import { floatTensor, integersOf, type OnnxExport, type WeightTensor } from '../onnx/onnx-reader.ts'

/** y = x weight + bias, with weight float32 [from, to] row-major and bias [to]. */
export type LinearWeights = {
  readonly from: number
  readonly to: number
  readonly weight: Float32Array
  readonly bias: Float32Array
}

/** Scale and bias of a layer normalisation, each float32 [hidden]. */
export type NormWeights = { readonly scale: Float32Array; readonly bias: Float32Array }

/** The weights of one transformer layer. */
export type LayerWeights = {
  readonly query: LinearWeights
  readonly key: LinearWeights
  readonly value: LinearWeights
  readonly attentionOutput: LinearWeights
  readonly attentionNorm: NormWeights
  readonly intermediate: LinearWeights
  readonly output: LinearWeights
  readonly outputNorm: NormWeights
}

/** A BERT-family encoder (arXiv:1810.04805): post-norm, learned positions, erf GELU. */
export type EncoderWeights = {
  readonly hidden: number
  readonly heads: number
  readonly vocabulary: number
  /** The number of positions in the table: the longest text, in tokens. */
  readonly positions: number
  readonly epsilon: number
  /** float32 [vocabulary, hidden] */
  readonly wordEmbedding: Float32Array
  /** float32 [positions, hidden] */
  readonly positionEmbedding: Float32Array
  /** float32 [types, hidden]; single texts use row 0 only. */
  readonly typeEmbedding: Float32Array
  readonly embeddingNorm: NormWeights
  readonly layers: readonly LayerWeights[]
}

/** A file with named weights: an ONNX export or a safetensors file. */
export type WeightSource = {
  /** Every tensor name of the file. */
  readonly names: Iterable<string>
  /** A tensor by its PyTorch name, or undefined. */
  tensor(name: string): WeightTensor | undefined
  /** The matrix of the linear layer `path` ([from, to]), or undefined. */
  matrix(path: string): WeightTensor | undefined
}

const wordEmbedding = 'embeddings.word_embeddings.weight'
const layerCountMax = 96

/**
 * The weights of a BERT encoder in an ONNX export. `heads` and `epsilon`, which come from
 * config.json, override the values in the graph. Throws `model_incompatible` when the export is of
 * another family, quantised or fused, and `graph_invalid` when shapes contradict each other.
 */
export function readBertWeights(
  onnx: OnnxExport,
  options: { heads?: number | undefined; epsilon?: number | undefined } = {},
): EncoderWeights {
  refuseOtherFamilies(onnx)
  const source = onnxSource(onnx)
  return collectBertWeights(source, {
    heads: options.heads ?? findHeads(onnx),
    epsilon: options.epsilon ?? findEpsilon(onnx),
  })
}

/** The weights of a BERT encoder from any source; throws the same errors as `readBertWeights`. */
export function collectBertWeights(
  source: WeightSource,
  architecture: { heads: number; epsilon: number },
): EncoderWeights {
  const named = [...source.names].find((name) => name.endsWith(wordEmbedding))
  if (named === undefined) throw incompatible(`no tensor is named ${wordEmbedding}`)
  const prefix = named.slice(0, -wordEmbedding.length)
  const words = table(source, named)
  const hidden = words.shape[1] ?? 0
  if (hidden % architecture.heads !== 0) {
    throw incompatible(`${architecture.heads} heads do not divide the hidden size ${hidden}`)
  }
  const positions = table(source, `${prefix}embeddings.position_embeddings.weight`, hidden)
  const types = table(source, `${prefix}embeddings.token_type_embeddings.weight`, hidden)
  const layers: LayerWeights[] = []
  for (let index = 0; index < layerCountMax; index++) {
    const path = `${prefix}encoder.layer.${index}`
    if (source.tensor(`${path}.output.LayerNorm.weight`) === undefined) break
    layers.push(layer(source, path, hidden))
  }
  if (layers.length === 0) throw incompatible(`no layer is named ${prefix}encoder.layer.0`)
  return {
    hidden,
    ...architecture,
    vocabulary: words.shape[0] ?? 0,
    positions: positions.shape[0] ?? 0,
    wordEmbedding: words.elements,
    positionEmbedding: positions.elements,
    typeEmbedding: types.elements,
    embeddingNorm: norm(source, `${prefix}embeddings.LayerNorm`, hidden),
    layers,
  }
}

function layer(source: WeightSource, path: string, hidden: number): LayerWeights {
  const square = (name: string): LinearWeights =>
    linear(source, `${path}.attention.${name}`, { from: hidden, to: hidden })
  const intermediate = linear(source, `${path}.intermediate.dense`, { from: hidden })
  return {
    query: square('self.query'),
    key: square('self.key'),
    value: square('self.value'),
    attentionOutput: square('output.dense'),
    attentionNorm: norm(source, `${path}.attention.output.LayerNorm`, hidden),
    intermediate,
    output: linear(source, `${path}.output.dense`, { from: intermediate.to, to: hidden }),
    outputNorm: norm(source, `${path}.output.LayerNorm`, hidden),
  }
}

function linear(
  source: WeightSource,
  path: string,
  expected: { from: number; to?: number },
): LinearWeights {
  const matrix = source.matrix(path)
  const bias = source.tensor(`${path}.bias`)
  if (matrix === undefined || bias === undefined) throw incompatible(`${path} was not found`)
  const [from, to] = matrix.shape as [number, number]
  if (from !== expected.from || to !== (expected.to ?? to) || bias.elements.length !== to) {
    throw new WinnowError(
      'graph_invalid',
      `${path} has the shape [${matrix.shape.join(', ')}] with ${bias.elements.length} biases, ` +
        `expected [${expected.from}, ${expected.to ?? 'any'}].`,
    )
  }
  return { from, to, weight: matrix.elements, bias: bias.elements }
}

function norm(source: WeightSource, path: string, hidden: number): NormWeights {
  const scale = source.tensor(`${path}.weight`)?.elements
  const bias = source.tensor(`${path}.bias`)?.elements
  if (scale?.length !== hidden || bias?.length !== hidden) {
    throw incompatible(`${path} was not found with ${hidden} elements`)
  }
  return { scale, bias }
}

function table(source: WeightSource, name: string, width?: number): WeightTensor {
  const tensor = source.tensor(name)
  if (tensor?.shape.length !== 2) throw incompatible(`${name} was not found as a table`)
  if (width !== undefined && tensor.shape[1] !== width) {
    throw new WinnowError('graph_invalid', `${name} is not ${width} wide.`)
  }
  return tensor
}

function onnxSource(onnx: OnnxExport): WeightSource {
  const tensor = (name: string): WeightTensor | undefined => {
    const found = onnx.constants.get(name)
    return found === undefined ? undefined : floatTensor(name, found)
  }
  /** An operand as a matrix; follows a Transpose node that the exporter left in the graph. */
  const operand = (name: string, transposed: boolean): WeightTensor | undefined => {
    const direct = tensor(name)
    if (direct !== undefined) return transposed ? transpose(direct) : direct
    const producer = onnx.producers.get(name)
    if (producer?.operator !== 'Transpose') return undefined
    return operand(producer.inputs?.[0] ?? '', !transposed)
  }
  const matrix = (path: string): WeightTensor | undefined => {
    const bias = `${path}.bias`
    for (const user of onnx.users.get(bias) ?? []) {
      if (user.operator === 'Gemm') {
        const transposed = user.attributes?.some(({ name, int }) => name === 'transB' && int === 1)
        return operand(user.inputs?.[1] ?? '', transposed ?? false)
      }
      const product = user.inputs?.find((input) => input !== bias) ?? ''
      const producer = onnx.producers.get(product)
      if (user.operator === 'Add' && producer?.operator === 'MatMul') {
        return operand(producer.inputs?.[1] ?? '', false)
      }
    }
    return undefined
  }
  return { names: onnx.constants.keys(), tensor, matrix }
}

/** Transposes a matrix: float32 [rows, columns] -> [columns, rows]. */
export function transpose({ shape, elements }: WeightTensor): WeightTensor {
  const [rows, columns] = shape as [number, number]
  const transposed = new Float32Array(elements.length)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      transposed[column * rows + row] = elements[row * columns + column]!
    }
  }
  return { shape: [columns, rows], elements: transposed }
}

/** Refuses families whose tensors have BERT's names but whose arithmetic differs. */
function refuseOtherFamilies(onnx: OnnxExport): void {
  const operators = new Set(onnx.nodes.map((node) => node.operator))
  // RoBERTa computes positions by a running sum over the mask, offset by the padding id.
  if (operators.has('CumSum')) throw incompatible('positions are counted as RoBERTa does')
  if (!operators.has('Erf') && !operators.has('Gelu')) {
    throw incompatible('the activation is not the erf form of GELU')
  }
  for (const name of onnx.constants.keys()) {
    if (name.includes('distance_embedding')) throw incompatible('positions are relative')
  }
}

/**
 * Reads the number of heads from the Reshape that splits hidden into heads. Its target is either a
 * constant [.., heads, size], or a Concat of constants with one element each.
 */
function findHeads(onnx: OnnxExport): number {
  for (const node of onnx.nodes) {
    if (node.operator !== 'Reshape') continue
    const target = node.inputs?.[1] ?? ''
    const whole = integersOf(onnx.constants.get(target))
    if (whole.length === 4) return whole[2] ?? 0
    const concat = onnx.producers.get(target)
    if (concat?.operator !== 'Concat' || concat.inputs?.length !== 4) continue
    const [heads] = integersOf(onnx.constants.get(concat.inputs[2] ?? ''))
    if (heads !== undefined && heads > 0) return heads
  }
  throw incompatible('the number of attention heads is not visible; give config.json beside it')
}

/**
 * Reads epsilon from LayerNormalization, or from the sum variance + epsilon under a square root.
 */
function findEpsilon(onnx: OnnxExport): number {
  for (const node of onnx.nodes) {
    if (node.operator === 'LayerNormalization') {
      return node.attributes?.find(({ name }) => name === 'epsilon')?.float ?? 1e-5
    }
    if (node.operator !== 'Sqrt') continue
    const sum = onnx.producers.get(node.inputs?.[0] ?? '')
    for (const input of sum?.inputs ?? []) {
      const constant = onnx.constants.get(input)
      const [epsilon] = constant === undefined ? [] : floatTensor(input, constant).elements
      if (epsilon !== undefined && epsilon > 0 && epsilon < 1e-3) return epsilon
    }
  }
  throw incompatible('the epsilon of its layer normalisation is not visible')
}

function incompatible(reason: string): WinnowError {
  return new WinnowError(
    'model_incompatible',
    `Not a BERT encoder that Winnow can read: ${reason}.`,
  )
}
