// Finding weights in exports from different exporters, and refusing models that are not BERT
// encoders. The exports are made here from known weights; encoder.test.ts uses a real one.
import { describe, expect, it } from 'vitest'
import { visitWeights } from '../../../tests/support/bert-tensors.ts'
import { tinyWeights } from '../../../tests/support/tiny-encoder.ts'
import { readBertWeights, transpose, type LinearWeights, type NormWeights } from './bert-weights.ts'
import { readOnnx, type WeightTensor } from '../onnx/onnx-reader.ts'
import { encodeModel, type OnnxMessage } from '../onnx/onnx-wire.ts'

type Node = OnnxMessage<'Node'>
type Tensor = OnnxMessage<'Tensor'>
/** How an exporter writes linear layers. */
type Style = 'anonymous' | 'transposed' | 'gemm'
type Changes = {
  readonly style?: Style
  readonly prefix?: string
  readonly nodes?: readonly Node[]
  readonly leaveOut?: RegExp
  readonly elementType?: number
}

const weights = tinyWeights()

/** The tiny encoder as a Hugging Face export would hold it. */
function exportOf({ style = 'anonymous', prefix = '', ...changes }: Changes): Uint8Array {
  const initializers: Tensor[] = []
  const nodes: Node[] = [...(changes.nodes ?? [{ operator: 'Erf' }])]
  const tensor = (name: string, dims: readonly number[], elements: Float32Array): void => {
    const raw = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength)
    initializers.push({ name, dims, elementType: changes.elementType ?? 1, raw })
  }
  const norm = (name: string, { scale, bias }: NormWeights): void => {
    tensor(`${name}.weight`, [scale.length], scale)
    tensor(`${name}.bias`, [bias.length], bias)
  }
  const linear = (name: string, { from, to, weight, bias }: LinearWeights): void => {
    tensor(`${name}.bias`, [to], bias)
    const transposed = transpose({ shape: [from, to], elements: weight })
    const anonymous = `onnx::MatMul_${initializers.length}`
    if (style === 'anonymous') tensor(anonymous, [from, to], weight)
    else tensor(`${name}.weight`, transposed.shape, transposed.elements)
    const operand =
      style === 'anonymous' ? anonymous : style === 'gemm' ? `${name}.weight` : `${name}/t`
    if (style === 'transposed') {
      nodes.push({ operator: 'Transpose', inputs: [`${name}.weight`], outputs: [operand] })
    }
    if (style === 'gemm') {
      const attributes = [{ name: 'transB', int: 1, type: 2 }]
      nodes.push({
        operator: 'Gemm',
        inputs: ['x', operand, `${name}.bias`],
        outputs: [name],
        attributes,
      })
      return
    }
    nodes.push({ operator: 'MatMul', inputs: ['x', operand], outputs: [`${name}/product`] })
    nodes.push({ operator: 'Add', inputs: [`${name}.bias`, `${name}/product`], outputs: [name] })
  }
  const table = (name: string, { shape, elements }: WeightTensor): void =>
    tensor(name, shape, elements)
  visitWeights(weights, { prefix, table, norm, linear })
  const kept = initializers.filter(({ name }) => !(changes.leaveOut?.test(name ?? '') ?? false))
  return encodeModel({ graph: { nodes, initializers: kept } })
}

const architecture = { heads: weights.heads, epsilon: weights.epsilon }

function read(
  changes: Changes,
  options: { heads?: number; epsilon?: number } = architecture,
): unknown {
  return readBertWeights(readOnnx(exportOf(changes)), options)
}

describe('readBertWeights', () => {
  it.each<Style>(['anonymous', 'transposed', 'gemm'])('finds %s matrices', (style) => {
    expect(read({ style })).toEqual(weights)
  })

  it('finds tensors whose names have a prefix', () => {
    expect(read({ prefix: 'bert.' })).toEqual(weights)
  })

  it('reads heads and epsilon from the graph when they are not given', () => {
    const shape = BigInt64Array.of(0n, 0n, 4n, 2n)
    const nodes: Node[] = [
      { operator: 'Gelu' },
      {
        operator: 'Constant',
        outputs: ['shape'],
        attributes: [
          {
            name: 'value',
            tensor: { dims: [4], elementType: 7, raw: new Uint8Array(shape.buffer) },
          },
        ],
      },
      { operator: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] },
      { operator: 'LayerNormalization', attributes: [{ name: 'epsilon', float: 2 ** -30 }] },
    ]
    expect(read({ nodes }, {})).toEqual({ ...weights, heads: 4, epsilon: 2 ** -30 })
  })

  it.each<[string, Changes]>([
    ['another family', { leaveOut: /word_embeddings/ }],
    ['a missing matrix', { leaveOut: /onnx::MatMul/ }],
    ['a missing bias', { leaveOut: /self\.key\.bias/ }],
    ['no layers', { leaveOut: /encoder\.layer/ }],
    ['a quantised export', { elementType: 3 }],
    ['positions counted as RoBERTa does', { nodes: [{ operator: 'Erf' }, { operator: 'CumSum' }] }],
    ['another activation', { nodes: [{ operator: 'Relu' }] }],
  ])('refuses %s', (_, changes) => {
    expect(() => read(changes)).toThrow(expect.objectContaining({ code: 'model_incompatible' }))
  })

  it.each([{ heads: 3, epsilon: 1e-12 }, { epsilon: 1e-12 }, { heads: 2 }])(
    'refuses an architecture that is not told: %o',
    (options) => {
      expect(() => read({}, options)).toThrow(
        expect.objectContaining({ code: 'model_incompatible' }),
      )
    },
  )
})

describe('readOnnx', () => {
  it.each([Uint8Array.of(0x0a, 0xff, 0xff), new Uint8Array(0)])(
    'refuses what is no model',
    (bytes) => {
      expect(() => readOnnx(bytes)).toThrow(expect.objectContaining({ code: 'graph_invalid' }))
    },
  )

  it('reports a tensor whose bytes lie in another file', () => {
    const bytes = encodeModel({
      graph: {
        nodes: [{ operator: 'Erf' }],
        initializers: [
          {
            name: 'embeddings.word_embeddings.weight',
            dims: [2, 2],
            elementType: 1,
            externalLocation: [{ key: 'location', value: 'weights.bin' }],
          },
        ],
      },
    })
    expect(() => readBertWeights(readOnnx(bytes), architecture)).toThrow(
      expect.objectContaining({ code: 'graph_invalid' }),
    )
  })
})
