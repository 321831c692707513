// What the two halves of a classifier hold.
import { expect, it } from 'vitest'
import { tinyHead, tinyWeights } from '../../../tests/support/tiny-encoder.ts'
import { buildClassifier, buildEncoder } from '../encoder.ts'
import { decodeModel, encodeModel } from './onnx-wire.ts'
import { writeOnnx } from './onnx-writer.ts'
import { splitHead } from './split-head.ts'

const options = { padding: 'exact', normalize: true } as const

it('keeps every constant in one half, and the probabilities in none', () => {
  const graph = buildClassifier(tinyWeights(), tinyHead(), options)
  const whole = writeOnnx(graph, { name: 'tiny' })
  const { encoder, head, labels } = splitHead(whole)
  const constants = (model: typeof head) =>
    (model.graph?.initializers ?? []).map(({ name }) => name).toSorted()
  expect(constants(head)).toEqual(['head/bias', 'head/weight'])
  expect([...constants(encoder), ...constants(head)].toSorted()).toEqual(
    constants(decodeModel(whole)),
  )
  expect(head.graph?.nodes?.map(({ operator }) => operator)).toEqual(['MatMul', 'Add'])
  expect(encoder.graph?.outputs?.map(({ name }) => name)).toEqual(['embedding'])
  expect(labels).toBe(3)
})

it('refuses a graph without a head, and one whose head reads more than the embedding', () => {
  const encoder = writeOnnx(buildEncoder(tinyWeights(), options), { name: 'tiny' })
  expect(() => splitHead(encoder)).toThrow(/was not trained by Winnow/)
  const model = decodeModel(
    writeOnnx(buildClassifier(tinyWeights(), tinyHead(), options), { name: 'tiny' }),
  )
  const nodes = model.graph!.nodes!
  const other = nodes[0]!.outputs![0]!
  const reading = nodes.map((node) =>
    node.outputs?.[0] === 'logits' ? { ...node, inputs: [node.inputs![0]!, other] } : node,
  )
  const changed = encodeModel({ ...model, graph: { ...model.graph, nodes: reading } })
  expect(() => splitHead(changed)).toThrow(/besides the embedding/)
})
