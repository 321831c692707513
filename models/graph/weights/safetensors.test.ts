import { describe, expect, it } from 'vitest'
import { file } from '../../../tests/support/safetensors.ts'
import { readSafetensors } from './safetensors.ts'

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer)
const shape = [7]

describe('readSafetensors', () => {
  it('reads half precision: signs, subnormal numbers, infinity and NaN', () => {
    const bytes = words(0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0xfc00, 0x7e00)
    const source = readSafetensors(file([{ name: 'x', dtype: 'F16', shape, bytes }]))
    const found = [...source.tensor('x')!.elements]
    const numbers = [1, -2, 2 ** -24, 1023 * 2 ** -24, 65_504, -Infinity, NaN]
    expect(found).toEqual(numbers.map((number) => Math.fround(number)))
  })

  it('reads bfloat16, the upper half of a float', () => {
    const bytes = words(0x3f80, 0xc000, 0x4049)
    const source = readSafetensors(file([{ name: 'x', dtype: 'BF16', shape: [3], bytes }]))
    expect([...source.tensor('x')!.elements]).toEqual([1, -2, 3.140625])
  })

  it('refuses other element types, and a shape that does not match the number of bytes', () => {
    const bytes = words(1, 2)
    const code = (dtype: string, of: number[]) => {
      try {
        readSafetensors(file([{ name: 'x', dtype, shape: of, bytes }])).tensor('x')
      } catch (error) {
        return (error as { code: string }).code
      }
      return 'none'
    }
    expect([code('I16', [2]), code('F16', [3]), code('F16', [2])]).toEqual([
      'model_incompatible',
      'graph_invalid',
      'none',
    ])
  })
})
