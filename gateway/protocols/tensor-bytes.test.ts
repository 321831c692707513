// The binary tensor data extension: what is written is read, and nothing else is.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finish } from '../../models/runtime/sliced-work.ts'
import { bytesOfFloats, bytesOfTexts, readTexts, splitBody } from './tensor-bytes.ts'

const read = (tensor: Buffer, count: number) => finish(readTexts(tensor, count))
const anyTexts = fc.array(fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()))

describe('BYTES tensors', () => {
  it('are a little-endian length and the bytes, for each text', () => {
    const bytes = bytesOfTexts(['é', '', 'ab'])
    expect([...bytes]).toEqual([2, 0, 0, 0, 0xc3, 0xa9, 0, 0, 0, 0, 2, 0, 0, 0, 0x61, 0x62])
  })

  it('are read as they were written', () => {
    fc.assert(
      fc.property(anyTexts, (texts) => {
        expect(read(bytesOfTexts(texts), texts.length)).toEqual(texts)
      }),
    )
  })

  it('are refused for any other count', () => {
    fc.assert(
      fc.property(anyTexts, fc.integer({ min: 0, max: 20 }), (texts, count) => {
        fc.pre(count !== texts.length)
        expect(() => read(bytesOfTexts(texts), count)).toThrow(/binary data of the input/)
      }),
    )
  })

  it('are refused, never misread, whatever bytes there are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ max: 10 }), (bytes, count) => {
        let texts: string[]
        try {
          texts = read(Buffer.from(bytes), count)
        } catch (error) {
          expect(error).toMatchObject({ code: 'body_invalid' })
          return
        }
        expect([...bytesOfTexts(texts)]).toEqual([...bytes])
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['a length without its end', [1, 0], 'ends within the text at index 0'],
    ['a text without its end', [5, 0, 0, 0, 0x61], 'ends within the text at index 0'],
    ['the largest length', [255, 255, 255, 255, 0x61], 'ends within the text at index 0'],
    ['bytes that are not UTF-8', [1, 0, 0, 0, 0xff], 'is not UTF-8 at index 0'],
  ])('%s is named', (_, bytes, message) => {
    expect(() => read(Buffer.from(bytes), 1)).toThrow(message)
  })
})

describe('FP32 tensors', () => {
  it('are float32 in little-endian bytes', () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true }), (floats) => {
        const bytes = bytesOfFloats([...floats])
        const again = Array.from(floats, (_, index) => bytes.readFloatLE(4 * index))
        expect(again).toEqual([...floats])
      }),
    )
  })
})

describe('splitBody', () => {
  it('cuts the body where the header says', () => {
    const { json, tensors } = splitBody(Buffer.from('{}abc'), '2')
    expect([Buffer.from(json).toString(), tensors.toString()]).toEqual(['{}', 'abc'])
    expect(splitBody(Buffer.from('{}'), undefined).tensors).toHaveLength(0)
  })

  it.each(['6', '-1', '1.5', '', ' ', '0x2', '9'.repeat(20), 'two'])('refuses %j', (header) => {
    expect(() => splitBody(Buffer.from('{}abc'), header)).toThrow(/must be the length of the JSON/)
  })
})
