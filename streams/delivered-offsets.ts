// Tells for the events of one origin partition which were delivered before: in an earlier life of
// this consumer (read back from the sink) or in this one. An event is the same when offset and
// record time agree; a topic that was deleted and made anew gives other record times.
import type { Origin } from '../schemas/validated.ts'
import type { DeliveredPage } from './ports.ts'

/** Offsets remembered; for earlier ones the sink is asked again. Far more than is in flight. */
const rememberedMax = 30_000

/** The delivered events of one origin partition. */
export class DeliveredOffsets {
  readonly #readPage: (fromOffset: number) => Promise<DeliveredPage>
  readonly #recordTimeMs = new Map<number, number>()
  /** Delivered offsets from here to `#through` are known. */
  #from = Infinity
  #through = -1

  /** `readPage` reads from the sink what was delivered from an offset on. */
  constructor(readPage: (fromOffset: number) => Promise<DeliveredPage>) {
    this.#readPage = readPage
  }

  /** True when the event was not delivered before; from now on it counts as delivered. */
  async claim(origin: Origin): Promise<boolean> {
    if (await this.has(origin)) return false
    this.#recordTimeMs.set(origin.offset, origin.recordTimeMs)
    this.#forget()
    return true
  }

  /** Whether the event was delivered before. Asks the sink when it is the first to ask for. */
  async has(origin: Origin): Promise<boolean> {
    // An upstream stage that restarted may send again what lies before the first event seen here.
    if (origin.offset < this.#from) {
      this.#from = origin.offset
      this.#through = -1
    }
    while (origin.offset > this.#through) await this.#load(origin.offset)
    return this.#recordTimeMs.get(origin.offset) === origin.recordTimeMs
  }

  async #load(fromOffset: number): Promise<void> {
    const page = await this.#readPage(fromOffset)
    for (const [offset, time] of page.recordTimeMsByOffset) this.#recordTimeMs.set(offset, time)
    this.#through = page.through
    this.#forget()
  }

  /** Drops what was remembered first; for offsets up to it the sink will be asked again. */
  #forget(): void {
    while (this.#recordTimeMs.size > rememberedMax) {
      const [first] = this.#recordTimeMs.keys()
      this.#recordTimeMs.delete(first!)
      this.#from = Math.max(this.#from, first! + 1)
    }
  }
}
