// The memory of the weights that training changes and of their moments. It owns where the elements
// live, and feeds only the used rows of a table. models/graph/training-step.ts defines what a step
// computes with them.
import { Tensor } from '../../models/runtime/onnx-runtime.ts'
import { stepNames, type StepParameter } from '../../models/graph/training-step.ts'
import type { StepEngine } from './step-engine.ts'

/** The elements of one tensor over a whole run. */
type Slot = { readonly name: string; readonly elements: Float32Array }

/** The inputs and outputs of one step that hold weights and moments. */
export type StateTensors = {
  readonly feeds: Record<string, Tensor>
  readonly fetches: Record<string, Tensor>
  /** Copies the rows that the step changed back into their tables; call it after the step. */
  readonly storeRows: () => void
}

/** A copy of the weights: float32 elements by parameter name. */
export type Snapshot = ReadonlyMap<string, Float32Array>

/** The weights and moments of a run. */
export class TrainedState {
  readonly #engine: Pick<StepEngine, 'floats'>
  /** Buffers for the used rows of a table, by the name of its slot. */
  readonly #rowBuffers = new Map<string, Float32Array>()
  readonly #parameters: readonly {
    readonly parameter: StepParameter
    /** The weight, and the sums of its two moments. */
    readonly slots: readonly [Slot, Slot, Slot]
  }[]

  /**
   * Copies the initial weights. The state takes three times their size, in the engine's memory if
   * the engine has some.
   */
  constructor(parameters: readonly StepParameter[], engine: Pick<StepEngine, 'floats'>) {
    this.#engine = engine
    this.#parameters = parameters.map((parameter) => {
      const { name, elements, rows } = parameter
      const inEngine = rows === 'all' ? engine.floats : undefined
      const zeros = (): Float32Array =>
        inEngine?.(elements.length) ?? new Float32Array(elements.length)
      const weight = { name, elements: zeros() }
      weight.elements.set(elements)
      const first = { name: stepNames.first(name), elements: zeros() }
      return {
        parameter,
        slots: [weight, first, { name: stepNames.second(name), elements: zeros() }],
      }
    })
  }

  /**
   * The tensors of a step whose ids are indices into `usedRows` of the word table. Outputs
   * overwrite inputs, which halves the memory. This is safe because a new weight is computed after
   * the gradient norm, and so after everything that reads the old weight.
   */
  stepTensors(usedRows: Int32Array): StateTensors {
    return this.#tensors(usedRows, 'all')
  }

  /** The weights only, for the evaluation graph. */
  weightTensors(usedRows: Int32Array): Record<string, Tensor> {
    return this.#tensors(usedRows, 'weight').feeds
  }

  /** A copy of the weights. */
  snapshot(): Snapshot {
    return new Map(
      this.#parameters.map(({ slots: [{ name, elements }] }) => [
        name,
        Float32Array.from(elements),
      ]),
    )
  }

  /** Restores the weights from a copy; moments do not change. */
  restore(snapshot: Snapshot): void {
    for (const { slots } of this.#parameters) {
      const [{ name, elements }] = slots
      elements.set(snapshot.get(name)!)
    }
  }

  /** Weights and moments by the names of their inputs; these are views, not copies. */
  tensors(): Map<string, Float32Array> {
    const slots = this.#parameters.flatMap((parameter) => parameter.slots)
    return new Map(slots.map(({ name, elements }) => [name, elements]))
  }

  /** Copies tensors that `tensors` of a state with the same parameters returned. */
  load(tensors: ReadonlyMap<string, Float32Array>): void {
    for (const [name, elements] of this.tensors()) elements.set(tensors.get(name)!)
  }

  #tensors(usedRows: Int32Array, which: 'all' | 'weight'): StateTensors {
    const feeds: Record<string, Tensor> = {}
    const fetches: Record<string, Tensor> = {}
    const tables: { slot: Slot; rows: Float32Array; width: number }[] = []
    for (const { parameter, slots } of this.#parameters) {
      const used = parameter.rows === 'used'
      const [, width = 1] = parameter.shape
      for (const slot of which === 'all' ? slots : slots.slice(0, 1)) {
        const elements = used ? this.#gathered(slot, usedRows, width) : slot.elements
        const shape = used ? [usedRows.length, width] : [...parameter.shape]
        const tensor = new Tensor('float32', elements, shape)
        feeds[slot.name] = tensor
        fetches[stepNames.next(slot.name)] = tensor
        if (used) tables.push({ slot, rows: elements, width })
      }
    }
    const storeRows = (): void => {
      for (const { slot, rows, width } of tables) scatterRows(slot.elements, usedRows, rows, width)
    }
    return { feeds, fetches, storeRows }
  }

  /** A copy of some rows, valid until the next call. */
  #gathered({ name, elements }: Slot, rows: Int32Array, width: number): Float32Array {
    const count = rows.length * width
    const known = this.#rowBuffers.get(name)
    const floats = this.#engine.floats ?? ((length: number) => new Float32Array(length))
    // A new buffer is half as large again, so that it rarely has to grow.
    const buffer =
      known !== undefined && known.length >= count ? known : floats(count + (count >> 1))
    this.#rowBuffers.set(name, buffer)
    for (const [i, row] of rows.entries()) {
      buffer.set(elements.subarray(row * width, (row + 1) * width), i * width)
    }
    return buffer.subarray(0, count)
  }
}

function scatterRows(
  table: Float32Array,
  rows: Int32Array,
  gathered: Float32Array,
  width: number,
): void {
  for (const [i, row] of rows.entries()) {
    table.set(gathered.subarray(i * width, (i + 1) * width), row * width)
  }
}
