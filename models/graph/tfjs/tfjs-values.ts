// What values of a graph are while TensorFlow.js computes them, and the shape of a kernel that
// takes and gives them. It owns the correspondence of element types and the checks of shapes.
import assert from 'node:assert/strict'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { TfjsBackend, Tfjs } from './tfjs-backend.ts'
import type { ElementType, Operation, Value } from '../tensors/tensor-graph.ts'

/**
 * A tensor of the backend, or whole numbers known here: sizes decide the shapes of what follows,
 * and would cost a round trip to the device each.
 */
export type Held = Tensor | readonly number[]

/** One operation to compute; an input that was left out is undefined. */
export type KernelCall<Kind extends Operation['kind']> = {
  readonly tf: Tfjs
  readonly backend: TfjsBackend['name']
  readonly operation: Extract<Operation, { kind: Kind }>
  readonly inputs: readonly (Held | undefined)[]
}

/** Gives fresh tensors, one an output; the caller frees what is made on the way. */
export type Kernel<Kind extends Operation['kind']> = (call: KernelCall<Kind>) => readonly Held[]

/** A kernel for each of some operations. */
export type Kernels<Kinds extends Operation['kind']> = { readonly [Kind in Kinds]: Kernel<Kind> }

/** TensorFlow.js has one integer type, of 32 bits; ids and sizes fit it. */
export const tfjsTypes = {
  float32: 'float32',
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

/** The input as whole numbers; waits for the device when it is a tensor. */
export function sizesIn(held: Held | undefined): readonly number[] {
  assert.ok(held !== undefined, 'an input is missing')
  return isSizes(held) ? held : [...held.dataSync()]
}

/** Whether the value is whole numbers known here. */
export function isSizes(held: Held): held is readonly number[] {
  return Array.isArray(held)
}

/** The size of each axis. */
export function shapeOf(held: Held): readonly number[] {
  return isSizes(held) ? [held.length] : held.shape
}

/**
 * Compares a tensor with what the graph says of its value. `symbols` holds the sizes that inputs
 * gave to symbols; other symbols are free.
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
