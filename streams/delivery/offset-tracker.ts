// Decides which offsets of one partition may be committed: those of the longest run of chunks, from
// the first one polled, whose results and dead letters are all durable.

export type TrackedChunk = { nextOffset: number; done: boolean }

/** Tracks the chunks of one partition since its assignment. Bounded by the in-flight budget. */
export class OffsetTracker {
  #chunks: TrackedChunk[] = []

  /** Notes a polled chunk; call `finish` with the handle once it is durable. */
  begin(nextOffset: number): TrackedChunk {
    const chunk = { nextOffset, done: false }
    this.#chunks.push(chunk)
    return chunk
  }

  /**
   * Adds offsets without records, up to this one. Returns the offset to commit when nothing is in
   * flight; else undefined, and they count as part of the last chunk.
   */
  pass(nextOffset: number): number | undefined {
    const last = this.#chunks.at(-1)
    if (last === undefined) return nextOffset
    last.nextOffset = nextOffset
    return undefined
  }

  /**
   * Marks a chunk durable. Returns the offset to commit if the completed run grew; undefined if an
   * earlier chunk is still in flight.
   */
  finish(chunk: TrackedChunk): number | undefined {
    chunk.done = true
    let committable: number | undefined
    while (this.#chunks[0]?.done) committable = this.#chunks.shift()!.nextOffset
    return committable
  }
}
