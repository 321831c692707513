// Remembers the ids of recent events of one partition, to tell a second event with the same id from
// the same record delivered again.

/** A bounded memory of event ids with the offset that brought each. Oldest ids are forgotten. */
export class DuplicateWindow {
  readonly #offsets = new Map<string, number>()
  readonly #size: number

  /** `size` is the number of ids remembered; 0 remembers none. */
  constructor(size: number) {
    this.#size = size
  }

  /**
   * The offset of an earlier event with this id, or undefined; then the id is remembered. The same
   * offset again is a redelivery, not a duplicate, and so is a lower one: the first keeps the id.
   */
  earlier(id: string, offset: number): number | undefined {
    if (this.#size === 0) return undefined
    const known = this.#offsets.get(id)
    if (known !== undefined && known < offset) return known
    if (known === undefined && this.#offsets.size >= this.#size) {
      const [oldest] = this.#offsets.keys()
      this.#offsets.delete(oldest!)
    }
    this.#offsets.set(id, offset)
    return undefined
  }
}
