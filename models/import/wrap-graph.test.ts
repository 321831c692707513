// The interface that an export gets, on a graph made by hand (tests/fixtures/make-imports.py):
// int32 inputs, float16 logits, inner graphs that see the inputs, names that Winnow uses itself,
// weights listed as inputs.
import { readFileSync } from 'node:fs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { decodeModel, encodeModel } from '../graph/onnx/onnx-wire.ts'
import { graphInterface, wrapGraph } from './wrap-graph.ts'

const model = readFileSync(new URL('../../tests/fixtures/imports/hand-made.onnx', import.meta.url))
const [int32, float16] = [6, 10]

test('says what an export takes and gives', () => {
  expect(graphInterface(model, 2)).toEqual({
    inputs: [
      { name: 'input_ids', elementType: int32 },
      { name: 'attention_mask', elementType: int32 },
    ],
    logits: { name: 'logits', elementType: float16 },
    end: { kind: 'other', operator: 'Concat' },
    hasMask: true,
    opset: 17,
    precision: 'fp32',
  })
})

test.each(['softmax', 'sigmoid'] as const)('gives it ids alone and a %s', async (link) => {
  const wrapped = wrapGraph(model, graphInterface(model, 2), {
    labels: 2,
    link,
    source: { kind: 'output' },
  })
  const session = await InferenceSession.create(wrapped)
  expect(session.inputNames).toEqual(['input_ids'])
  expect(session.outputNames).toEqual(['logits', 'probabilities'])
  const ids = new Tensor('int32', Int32Array.of(3, 9, 9, 1, 9, 9), [2, 3])
  const { logits, probabilities } = await session.run({ input_ids: ids })
  // The first id, and as many ones as there are tokens.
  expect(Array.from(logits!.data as Float32Array)).toEqual([3, 3, 1, 3])
  const expected =
    link === 'softmax'
      ? [0.5, 0.5, 1 / (1 + Math.E ** 2), 1 / (1 + Math.E ** -2)]
      : [3, 3, 1, 3].map((logit) => 1 / (1 + Math.exp(-logit)))
  for (const [i, chance] of expected.entries()) {
    expect((probabilities!.data as Float32Array)[i]).toBeCloseTo(chance, 6)
  }
  await session.release()
})

test('keeps what it does not change, byte for byte', () => {
  const wrapped = wrapGraph(model, graphInterface(model, 2), {
    labels: 2,
    link: 'softmax',
    source: { kind: 'output' },
  })
  const [before, after] = [decodeModel(model), decodeModel(wrapped)]
  expect({ ...after, graph: undefined }).toEqual({ ...before, graph: undefined })
  expect(after.graph!.initializers).toEqual(before.graph!.initializers)
})

test('takes the one output of a graph that does not name it', () => {
  const { graph, ...rest } = decodeModel(model)
  const rename = (name: string): string => (name === 'logits' ? 'output_0' : name)
  const other = encodeModel({
    ...rest,
    graph: {
      ...graph,
      nodes: graph!.nodes!.map((node) => ({ ...node, outputs: node.outputs!.map(rename) })),
      outputs: graph!.outputs!.map((output) => ({ ...output, name: 'output_0' })),
    },
  })
  expect(graphInterface(other, 2).logits.name).toBe('output_0')
})

test('types of tokens need a graph with a later opset', () => {
  const graph = { labels: 2, link: 'softmax', source: { kind: 'output' } } as const
  const found = graphInterface(model, 2)
  const old = {
    ...found,
    opset: 10,
    inputs: [...found.inputs, { name: 'token_type_ids', elementType: int32 }],
  }
  const types = { ones: 'last', tokens: 4 } as const
  expect(() => wrapGraph(model, old, { ...graph, types })).toThrow(/opset 10.*need opset 11/)
  expect(() => wrapGraph(model, old, graph)).not.toThrow()
})
