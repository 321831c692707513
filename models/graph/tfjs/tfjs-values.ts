// The values of a graph while TensorFlow.js computes them: how element types correspond, and the
// checks of their shapes. The kernels that take and return them are in tfjs-kernels.ts.
import assert from 'node:assert/strict'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { TfjsBackend, Tfjs } from './tfjs-backend.ts'
import type { ElementType, Operation, Value } from '../tensors/tensor-graph.ts'

/**
 * A tensor of the backend, or plain integers. Sizes are plain integers because they decide later
 * shapes, and reading each from a tensor would cost a round trip to the device.
 */
export type Held = Tensor | readonly number[]

/** One operation to compute; an omitted input is undefined. */
export type KernelCall<Kind extends Operation['kind']> = {
  readonly tf: Tfjs
  readonly backend: TfjsBackend['name']
  readonly operation: Extract<Operation, { kind: Kind }>
  readonly inputs: readonly (Held | undefined)[]
}

/** Returns one new tensor per output; the caller frees intermediate tensors with `tf.tidy`. */
export type Kernel<Kind extends Operation['kind']> = (call: KernelCall<Kind>) => readonly Held[]

/** A table with a kernel for each of the given operations. */
export type Kernels<Kinds extends Operation['kind']> = { readonly [Kind in Kinds]: Kernel<Kind> }

/**
 * TensorFlow.js has only one integer type, of 32 bits, which ids and sizes fit into, and one type
 * of real numbers.
 */
export const tfjsTypes = {
  float32: 'float32',
  float16: 'float32',
  int64: 'int32',
  int32: 'int32',
  int8: 'int32',
  uint8: 'int32',
  bool: 'bool',
} as const satisfies Record<ElementType, string>

/** The input as a tensor. */
export function tensorIn(tf: Tfjs, held: Held | undefined): Tensor {
  assert.ok(held !== undefined, 'an input is missing')
  return isSizes(held) ? tf.tensor1d([...held], 'int32') : held
}

/** The input as integers; if it is a tensor, the call blocks until the device has it. */
export function sizesIn(held: Held | undefined): readonly number[] {
  assert.ok(held !== undefined, 'an input is missing')
  return isSizes(held) ? held : [...held.dataSync()]
}

/** Whether the value is plain integers rather than a tensor. */
export function isSizes(held: Held): held is readonly number[] {
  return Array.isArray(held)
}

/** The size of each axis. */
export function shapeOf(held: Held): readonly number[] {
  return isSizes(held) ? [held.length] : held.shape
}

/**
 * Asserts that a tensor has the shape and type of its value in the graph. `symbols` holds the sizes
 * that inputs gave to symbols; other symbols may have any size.
 */
export function checkHeld(held: Held, value: Value, symbols: ReadonlyMap<string, number>): void {
  const shape = shapeOf(held)
  const expected = value.shape.map((size) => (typeof size === 'string' ? symbols.get(size) : size))
  const fits = expected.every((size, axis) => size === undefined || size === shape[axis])
  assert.ok(
    fits && shape.length === expected.length,
    `${value.name} is [${shape.join(', ')}] and should be [${value.shape.join(', ')}]`,
  )
  const type = isSizes(held) ? 'int32' : held.dtype
  assert.equal(type, tfjsTypes[value.type], `${value.name} has the wrong element type`)
}
