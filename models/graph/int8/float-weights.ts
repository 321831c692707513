// Reads the matrices of int8 layers (int8-layers.ts) back as the float32 matrices that they stand
// for, so that an int8 version can be differentiated.
import { floatTensor, type OnnxExport, type WeightTensor } from '../onnx/onnx-reader.ts'
import { int8Constants, partName } from './int8-layers.ts'

const quantised = /^(?<weight>layer\.\d+\/(?:[a-z_]+\/)*weight)(?::part (?<part>\d+))?:int8$/

/** Weights and biases of the int8 layers of a graph, float32, by the names of the float32 graph. */
export function floatWeights(onnx: OnnxExport): ReadonlyMap<string, WeightTensor> {
  const weights = new Map<string, WeightTensor>()
  for (const name of onnx.constants.keys()) {
    const { weight, part } = quantised.exec(name)?.groups ?? {}
    // The first part stands for all of them.
    if (weight === undefined || (part !== undefined && part !== '0')) continue
    const parts = part === undefined ? [weight] : partsOf(onnx, weight)
    const { matrix, bias } = joined(onnx, {
      parts,
      shares: floatsOf(onnx, int8Constants.shares(weight)),
    })
    weights.set(weight, matrix)
    weights.set(weight.replace(/weight$/, 'bias'), bias)
  }
  return weights
}

function partsOf(onnx: OnnxExport, weight: string): readonly string[] {
  const parts: string[] = []
  while (onnx.constants.has(int8Constants.elements(partName(weight, parts.length)))) {
    parts.push(partName(weight, parts.length))
  }
  return parts
}

/** The parts side by side as one matrix [from, to], and their biases [to]. */
function joined(
  onnx: OnnxExport,
  layer: { readonly parts: readonly string[]; readonly shares: Float32Array | undefined },
): { matrix: WeightTensor; bias: WeightTensor } {
  const { parts, shares } = layer
  const columns = parts.map((part) => {
    const { dims = [], raw } = onnx.constants.get(int8Constants.elements(part))!
    const [from, width] = dims.map(Number) as [number, number]
    return {
      from,
      width,
      elements: new Int8Array(raw!.buffer, raw!.byteOffset, raw!.length),
      scales: floatsOf(onnx, int8Constants.scales(part))!,
      bias: floatsOf(onnx, int8Constants.bias(part))!,
    }
  })
  const { from } = columns[0]!
  const to = columns.reduce((sum, { width }) => sum + width, 0)
  const elements = new Float32Array(from * to)
  let first = 0
  for (const { width, elements: levels, scales } of columns) {
    for (let k = 0; k < from; k++) {
      const share = shares?.[k] ?? 1
      for (let n = 0; n < width; n++) {
        elements[k * to + first + n] = levels[k * width + n]! * scales[n]! * share
      }
    }
    first += width
  }
  const bias = Float32Array.from(columns.flatMap((part) => [...part.bias]))
  return { matrix: { shape: [from, to], elements }, bias: { shape: [to], elements: bias } }
}

function floatsOf(onnx: OnnxExport, name: string): Float32Array | undefined {
  const tensor = onnx.constants.get(name)
  return tensor && floatTensor(name, tensor).elements
}
