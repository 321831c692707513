// Quantises the linear layers of an imported graph. Its attention, norms and activations stay as
// they were exported. Products with the same input share one quantised input.
import { WinnowError } from '../../../schemas/errors.ts'
import { editOnnx } from '../onnx/edit-onnx.ts'
import { bytesOf } from '../onnx/external-weights.ts'
import { floatTensor, readOnnx, type OnnxExport } from '../onnx/onnx-reader.ts'
import { columnsOf } from './int8-layers.ts'
import { decodeModel, onnxElementTypes, type OnnxMessage } from '../onnx/onnx-wire.ts'
import type { Elements } from '../tensors/tensor-graph.ts'
import { batchesOf, sampleRows, secondMoments } from './layer-inputs.ts'
import type { QuantiseOptions } from './quantise-layers.ts'
import { quantiseLinear, type QuantisedLinear } from './quantise-linear.ts'

/** A product with a constant matrix in an exported graph. */
type ExportedLayer = {
  /** The name of the matrix. */
  readonly weight: string
  readonly input: string
  /** The product, and the addition of its bias if it has one. */
  readonly nodes: readonly OnnxMessage<'Node'>[]
  /** The name of the result. */
  readonly output: string
  /** float32 [to], or undefined for zeros. */
  readonly bias: string | undefined
  readonly from: number
  readonly to: number
}

/** Smaller matrices stay float32. */
const elementsMin = 1_024
/** Products whose inputs are sampled in one pass over the texts. */
const groupsPerPass = 6

/**
 * The bytes of the model with its linear layers in int8. `texts` are token ids int32 [tokens].
 *
 * @throws WinnowError `model_incompatible` if no product can be quantised.
 */
export async function quantiseImported(
  model: Uint8Array,
  texts: readonly Int32Array[],
  options: QuantiseOptions = {},
): Promise<Uint8Array> {
  const onnx = readOnnx(model)
  const groups = [...Map.groupBy(exportedLayers(onnx), ({ input }) => input).values()]
  const batches = batchesOf(texts)
  const quantised = new Map<readonly ExportedLayer[], QuantisedLinear>()
  for (let start = 0; start < groups.length; start += groupsPerPass) {
    const pass = groups.slice(start, start + groupsPerPass)
    const outputs = pass.map(([layer]) => layer!.input)
    const samples = await sampleRows(withOutputs(model, outputs), { outputs, batches })
    for (const [at, group] of pass.entries()) {
      options.signal?.throwIfAborted()
      const sample = samples.get(group[0]!.input)
      if (sample?.width === group[0]!.from) {
        const moments = await secondMoments(sample.rows, sample.width)
        const joined = { ...sideBySide(onnx, group), rows: sample.rows, moments }
        quantised.set(group, quantiseLinear(joined, { factors: 'node' }))
      }
      options.onProgress?.({ done: start + at + 1, of: groups.length })
    }
  }
  if (quantised.size === 0) {
    throw new WinnowError(
      'model_incompatible',
      'The graph has no products of hidden states with a constant float32 matrix to quantise.',
    )
  }
  return rewritten(model, { onnx, quantised })
}

function exportedLayers({ nodes, constants, users }: OnnxExport): readonly ExportedLayer[] {
  return nodes.flatMap((product): readonly ExportedLayer[] => {
    const [input, weight] = product.inputs ?? []
    const [result] = product.outputs ?? []
    if (product.operator !== 'MatMul' || input === undefined || weight === undefined) return []
    const matrix = constants.get(weight)
    const [from = 0, to = 0, ...more] = matrix?.dims ?? []
    if (matrix?.elementType !== onnxElementTypes.float32 || more.length > 0) return []
    if (from * to < elementsMin || users.get(weight)?.length !== 1) return []
    const layer = { weight, input, from, to }
    const [addition, ...others] = users.get(result!) ?? []
    const bias = addition?.inputs?.find((name) => name !== result)
    const isBias =
      addition?.operator === 'Add' &&
      others.length === 0 &&
      bias !== undefined &&
      constants.get(bias)?.elementType === onnxElementTypes.float32 &&
      constants.get(bias)?.dims?.join() === `${to}`
    return isBias
      ? [{ ...layer, bias, nodes: [product, addition], output: addition.outputs![0]! }]
      : [{ ...layer, bias: undefined, nodes: [product], output: result! }]
  })
}

/** The model with further outputs. */
function withOutputs(model: Uint8Array, names: readonly string[]): Uint8Array {
  const outputs = names.map((name) => ({
    name,
    type: { tensor: { elementType: onnxElementTypes.float32 } },
  }))
  const keep = () => undefined
  return editOnnx(model, { node: keep, initializer: keep, added: { graph: { outputs } } })
}

/** The matrices of layers with one input as one matrix [from, all of to], and their biases. */
function sideBySide(onnx: OnnxExport, group: readonly ExportedLayer[]) {
  const { from } = group[0]!
  const to = group.reduce((sum, layer) => sum + layer.to, 0)
  const weight = new Float32Array(from * to)
  const bias = new Float32Array(to)
  const elements = (name: string): Float32Array =>
    floatTensor(name, onnx.constants.get(name)!).elements
  let first = 0
  for (const layer of group) {
    const own = elements(layer.weight)
    for (let k = 0; k < from; k++) {
      weight.set(own.subarray(k * layer.to, (k + 1) * layer.to), k * to + first)
    }
    if (layer.bias !== undefined) bias.set(elements(layer.bias), first)
    first += layer.to
  }
  return { from, to, weight, bias }
}

const microsoft = 'com.microsoft'

function rewritten(
  model: Uint8Array,
  found: { onnx: OnnxExport; quantised: ReadonlyMap<readonly ExportedLayer[], QuantisedLinear> },
): Uint8Array {
  const { onnx, quantised } = found
  const initializers: OnnxMessage<'Tensor'>[] = []
  const constant = (name: string, elements: Elements, dims: readonly number[]): string => {
    const types = { Float32Array: 'float32', Int8Array: 'int8', Uint8Array: 'uint8' } as const
    const type = types[elements.constructor.name as keyof typeof types]
    initializers.push({ name, dims, elementType: onnxElementTypes[type], raw: bytesOf(elements) })
    return name
  }
  const replacements = new Map<string, readonly OnnxMessage<'Node'>[]>()
  const removed = new Set<string>()
  for (const [group, layer] of quantised) {
    const nodes = int8Nodes(group, { layer, constant })
    for (const [at, { nodes: own, weight, bias }] of group.entries()) {
      removed.add(weight)
      if (bias !== undefined && onnx.users.get(bias)?.length === 1) removed.add(bias)
      for (const node of own) replacements.set(node.outputs![0]!, [])
      // The first product of the group is where its input is known.
      if (at === 0) replacements.set(own[0]!.outputs![0]!, nodes)
    }
  }
  return editOnnx(model, {
    node: ({ outputs }) => replacements.get(outputs?.[0] ?? ''),
    initializer: ({ name = '' }) => (removed.has(name) ? [] : undefined),
    added: {
      opsetImport: importsMicrosoft(model) ? [] : [{ domain: microsoft, version: 1 }],
      graph: { initializers },
    },
  })
}

function importsMicrosoft(model: Uint8Array): boolean {
  return decodeModel(model).opsetImport?.some(({ domain }) => domain === microsoft) ?? false
}

/** The nodes of layers with one input: it is quantised once, and multiplied by each matrix. */
function int8Nodes(
  group: readonly ExportedLayer[],
  context: {
    layer: QuantisedLinear
    constant: (name: string, elements: Elements, dims: readonly number[]) => string
  },
): OnnxMessage<'Node'>[] {
  const { layer, constant } = context
  const { from, to, factors } = layer
  const [{ weight: name, input }] = group as readonly [ExportedLayer]
  const scale = constant(`${name}:scale`, Float32Array.of(layer.scale), [])
  const zero = constant(`${name}:zero`, Uint8Array.of(layer.zero), [])
  const nodes: OnnxMessage<'Node'>[] = []
  let x = input
  if (factors !== undefined) {
    const shares = constant(
      `${name}:shares`,
      factors.map((factor) => 1 / factor),
      [from],
    )
    x = `${name}:divided`
    nodes.push({ operator: 'Mul', name: x, inputs: [input, shares], outputs: [x] })
  }
  const levels = `${name}:levels`
  nodes.push({ operator: 'QuantizeLinear', inputs: [x, scale, zero], outputs: [levels] })
  let first = 0
  for (const { weight, to: width, output } of group) {
    const [start, end] = [first, first + width]
    const elements = columnsOf(layer.elements, { from, to, start, end })
    const inputs = [
      levels,
      constant(`${weight}:int8`, elements, [from, width]),
      scale,
      constant(`${weight}:scales`, layer.scales.slice(start, end), [width]),
      zero,
      '',
      constant(`${weight}:bias`, layer.bias.slice(start, end), [width]),
    ]
    const product = {
      operator: 'MatMulIntegerToFloat',
      domain: microsoft,
      name: `${weight}:product`,
    }
    nodes.push({ ...product, inputs, outputs: [output] })
    first = end
  }
  return nodes
}
