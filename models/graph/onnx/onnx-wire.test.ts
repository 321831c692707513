// ONNX files as bytes: the reader returns what the writer wrote, tensors are views, and unknown
// fields are skipped.
import protobuf from 'protobufjs/minimal.js'
import { describe, expect, it } from 'vitest'
import { decodeModel, encodeModel, type OnnxMessage } from './onnx-wire.ts'

const model: OnnxMessage<'Model'> = {
  irVersion: 8,
  producerName: 'test',
  opsetImport: [{ domain: '', version: 17 }],
  metadata: [{ key: 'name', value: 'Größe' }],
  graph: {
    name: 'g',
    nodes: [
      {
        operator: 'Softmax',
        inputs: ['x', ''],
        outputs: ['y'],
        attributes: [
          { name: 'axis', int: -1, type: 2 },
          { name: 'epsilon', float: 0.5, type: 1 },
          { name: 'perm', ints: [0, 2, 1], type: 7 },
        ],
      },
    ],
    initializers: [
      { name: 'w', dims: [2, 0x1_0000_0000], elementType: 1, raw: Uint8Array.of(1, 2, 3) },
    ],
    outputs: [
      {
        name: 'y',
        type: {
          tensor: { elementType: 1, shape: { dims: [{ parameter: 'batch' }, { value: 3 }] } },
        },
      },
    ],
  },
}

describe('encodeModel and decodeModel', () => {
  it('round-trip, negative and 64-bit numbers included', () => {
    const decoded = decodeModel(encodeModel(model))
    expect(decoded).toMatchObject({
      ...model,
      graph: { ...model.graph, initializers: [{ name: 'w', dims: [2, 0x1_0000_0000] }] },
    })
    expect([...(decoded.graph?.initializers?.[0]?.raw ?? [])]).toEqual([1, 2, 3])
  })

  it('return tensor bytes as views into the file', () => {
    const bytes = encodeModel(model)
    const raw = decodeModel(bytes).graph?.initializers?.[0]?.raw
    expect(raw?.buffer).toBe(bytes.buffer)
  })

  it('accept repeated numbers packed or not, and skip unknown fields', () => {
    const tensor = protobuf.Writer.create()
    for (const size of [3, 4]) tensor.uint32((1 << 3) | 0).int64(size)
    tensor
      .uint32((1 << 3) | 2)
      .fork()
      .int64(5)
      .ldelim()
    tensor.uint32((12 << 3) | 2).string('a doc string')
    const bytes = protobuf.Writer.create()
      .uint32((7 << 3) | 2)
      .fork()
      .uint32((5 << 3) | 2)
      .bytes(tensor.finish())
      .ldelim()
      .uint32((99 << 3) | 5)
      .fixed32(1)
      .finish()
    expect(decodeModel(bytes)).toEqual({ graph: { initializers: [{ dims: [3, 4, 5] }] } })
  })

  it('encode signed 64-bit numbers as the protobuf specification says', () => {
    const numbers = [
      0,
      1,
      127,
      128,
      2 ** 31,
      2 ** 53 - 1,
      2 ** 60,
      -1,
      -128,
      -(2 ** 31),
      -(2 ** 63),
    ]
    for (const value of numbers) {
      const theirs = protobuf.Writer.create()
        .uint32((1 << 3) | 0)
        .int64(value)
        .finish()
      expect(encodeModel({ irVersion: value })).toEqual(Uint8Array.from(theirs))
      expect(decodeModel(theirs)).toEqual({ irVersion: value })
    }
    // ONNX writes "to the end" of a Slice as the largest int64.
    const largest = Buffer.from([8, 255, 255, 255, 255, 255, 255, 255, 255, 127])
    expect(decodeModel(largest)).toEqual({ irVersion: 2 ** 63 })
    expect(encodeModel({ irVersion: 2 ** 63 })).toEqual(Uint8Array.from(largest))
  })

  it('throw on bytes that are not protobuf', () => {
    expect(() => decodeModel(Uint8Array.of(0x0a, 0xff, 0xff, 0xff))).toThrow()
  })
})
