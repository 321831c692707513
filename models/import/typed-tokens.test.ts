// Types of tokens in the graph and outside it are the same, for texts of any length.
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { encodeModel, onnxElementTypes } from '../graph/onnx/onnx-wire.ts'
import { tokenTypeNodes, tokenTypes, typesOpsetMin } from './typed-tokens.ts'

test.each([
  ['last', 3, [0, 0, 1, 1, 1]],
  ['after', 3, [0, 0, 0, 1, 1]],
  ['last', 9, [1, 1, 1, 1, 1]],
  ['after', 9, [0, 0, 0, 0, 0]],
] as const)('ones: %s %d', (ones, tokens, expected) => {
  expect(Array.from(tokenTypes({ ones, tokens }, 5))).toEqual(expected)
})

test('a text alone has no types but 0', () => {
  expect(Array.from(tokenTypes(undefined, 3))).toEqual([0, 0, 0])
})

test.each([
  ['last', onnxElementTypes.int64],
  ['last', onnxElementTypes.int32],
  ['after', onnxElementTypes.int64],
] as const)('nodes give the same, ones: %s, element type %d', async (ones, elementType) => {
  const types = { ones, tokens: 3 }
  const dims = [{ parameter: 'batch' }, { parameter: 'tokens' }]
  const value = (name: string, element: number) => {
    return { name, type: { tensor: { elementType: element, shape: { dims } } } }
  }
  const shape = { name: 'shape', operator: 'Shape', inputs: ['ids'], outputs: ['shape'] }
  const graph = {
    name: 'types',
    nodes: [shape, ...tokenTypeNodes(types, { shape: 'shape', output: 'types', elementType })],
    inputs: [value('ids', onnxElementTypes.int32)],
    outputs: [value('types', elementType)],
  }
  const opsetImport = [{ domain: '', version: typesOpsetMin }]
  const session = await InferenceSession.create(encodeModel({ irVersion: 8, opsetImport, graph }))
  for (const length of [1, 2, 3, 4, 20]) {
    const ids = new Tensor('int32', new Int32Array(2 * length), [2, length])
    const found = (await session.run({ ids }))['types']!
    const row = Array.from(tokenTypes(types, length))
    expect(Array.from(found.data as Iterable<number | bigint>, Number)).toEqual([...row, ...row])
  }
  await session.release()
})
