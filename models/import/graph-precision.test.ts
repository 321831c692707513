// The precision that an import names is that of the narrowest weights, however they are stored.
import { expect, test } from 'vitest'
import { graphPrecision } from './graph-precision.ts'

const weights = (elementType: number) => ({ name: 'w', dims: [64, 32], elementType })
const node = (operator: string, attributes: { name: string; int: number }[] = []) => ({
  operator,
  attributes,
})

test.each([
  ['fp32', [weights(1)], []],
  ['fp64', [weights(11)], []],
  ['fp16', [weights(1), weights(10)], []],
  ['bf16', [weights(1), weights(16)], []],
  ['fp32', [weights(1), { name: 'scale', dims: [], elementType: 10 }], []],
  ['int8', [weights(1), weights(3)], [node('DequantizeLinear')]],
  ['int8', [weights(1), weights(2)], [node('DynamicQuantizeLinear'), node('MatMulInteger')]],
  ['int8', [weights(1)], [node('MatMulNBits', [{ name: 'bits', int: 8 }])]],
  ['int4', [weights(1), weights(2)], [node('MatMulNBits', [{ name: 'bits', int: 4 }])]],
  ['int4', [weights(1), weights(2)], [node('MatMulNBits')]],
  ['int2', [weights(1), weights(2)], [node('MatMulNBits', [{ name: 'bits', int: 2 }])]],
  ['int4', [weights(1), weights(2)], [node('GatherBlockQuantized')]],
  ['int4', [weights(1), weights(22)], [node('DequantizeLinear')]],
  ['int4', [weights(1), weights(21)], [node('DequantizeLinear'), node('QuantizeLinear')]],
  ['int2', [weights(1), weights(26)], [node('DequantizeLinear')]],
  ['fp8', [weights(1), weights(17)], [node('DequantizeLinear')]],
  ['nf4', [weights(1), weights(2)], [node('MatMulBnb4', [{ name: 'quant_type', int: 1 }])]],
  ['fp4', [weights(1), weights(2)], [node('MatMulBnb4', [{ name: 'quant_type', int: 0 }])]],
] as const)('%s', (precision, initializers, nodes) => {
  expect(graphPrecision({ initializers, nodes })).toBe(precision)
})

test('weights in the nodes count as well', () => {
  const attributes = [{ name: 'value', tensor: weights(10) }]
  expect(graphPrecision({ nodes: [{ operator: 'Constant', attributes }] })).toBe('fp16')
})
