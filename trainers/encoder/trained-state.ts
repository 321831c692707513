// The weights that training changes, with their moments, in memory of our own, and their tensors.
// It owns where the elements live and that a table's unused rows are never touched; what a step
// computes with them is models/graph/training-step.ts.
import { Tensor } from '../../models/runtime/onnx-runtime.ts'
import { stepNames, type StepParameter } from '../../models/graph/training-step.ts'
import type { StepEngine } from './step-engine.ts'

/** One tensor's elements over a whole run. */
type Slot = { readonly name: string; readonly elements: Float32Array }

/** Tensors of one step. */
export type StateTensors = {
  readonly feeds: Record<string, Tensor>
  readonly fetches: Record<string, Tensor>
  /** Takes the rows of tables that the step changed; call it after the step. */
  readonly keep: () => void
}

/** float32 elements by parameter name. */
export type Snapshot = ReadonlyMap<string, Float32Array>

/** Weights and moments over a whole run. */
export class TrainedState {
  readonly #engine: Pick<StepEngine, 'floats'>
  /** Room for the used rows of a table's slot, by its name. */
  readonly #room = new Map<string, Float32Array>()
  readonly #parameters: readonly {
    readonly parameter: StepParameter
    /** The weight, and the sums of its two moments. */
    readonly slots: readonly [Slot, Slot, Slot]
  }[]

  /**
   * Copies the starting weights. Three times their size is held until the state is dropped, in the
   * engine's memory where it has some.
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
   * Tensors for a step whose ids count in `usedRows` of the word table. Results are written over
   * what was fed: a new weight is computed after the gradient norm, and so after everything that
   * reads the old one, which halves the memory of two sets.
   */
  stepTensors(usedRows: Int32Array): StateTensors {
    return this.#tensors(usedRows, 'all')
  }

  /** Weights only, for a graph that measures. */
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

  /** Puts a copy back; moments stay. */
  restore(snapshot: Snapshot): void {
    for (const { slots } of this.#parameters) {
      const [{ name, elements }] = slots
      elements.set(snapshot.get(name)!)
    }
  }

  /** Weights and moments by the names of their inputs, as they are: not copied. */
  tensors(): Map<string, Float32Array> {
    const slots = this.#parameters.flatMap((parameter) => parameter.slots)
    return new Map(slots.map(({ name, elements }) => [name, elements]))
  }

  /** Takes over what `tensors` gave, of a state of the same parameters. */
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
    const keep = (): void => {
      for (const { slot, rows, width } of tables) scatterRows(slot.elements, usedRows, rows, width)
    }
    return { feeds, fetches, keep }
  }

  /** A copy of some rows, which the next call overwrites. */
  #gathered({ name, elements }: Slot, rows: Int32Array, width: number): Float32Array {
    const count = rows.length * width
    const known = this.#room.get(name)
    const floats = this.#engine.floats ?? ((length: number) => new Float32Array(length))
    // Half as much again, so that it soon is enough.
    const room = known !== undefined && known.length >= count ? known : floats(count + (count >> 1))
    this.#room.set(name, room)
    for (const [place, row] of rows.entries()) {
      room.set(elements.subarray(row * width, (row + 1) * width), place * width)
    }
    return room.subarray(0, count)
  }
}

function scatterRows(
  table: Float32Array,
  rows: Int32Array,
  gathered: Float32Array,
  width: number,
): void {
  for (const [place, row] of rows.entries()) {
    table.set(gathered.subarray(place * width, (place + 1) * width), row * width)
  }
}
