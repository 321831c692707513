// Rows of texts that were run before, by their exact token ids, within a bound in bytes. A pure
// data structure: cached-batcher.ts fills it.
import assert from 'node:assert/strict'
import type { HeadColumns } from './session-messages.ts'

/** What an entry takes beside its key and row: two objects, a string and a place in the map. */
const entryBytes = 300

/** The key of token ids int32 [tokens]: equal for equal ids and for no others. */
export function keyOf(ids: Int32Array): string {
  return Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength).toString('latin1')
}

/** A row float32 [width], the columns of its heads if it has several, and its batch. */
export type CachedRow = {
  readonly row: Float32Array
  readonly columns?: readonly HeadColumns[] | undefined
  readonly batchId: number
}

/** Rows by key; the least recently used ones make room. */
export class RowCache {
  readonly #bytesMax: number
  // A Map keeps the order of insertion, and each use inserts again.
  readonly #entries = new Map<string, CachedRow>()
  #bytes = 0

  constructor(options: { readonly bytesMax: number }) {
    assert.ok(options.bytesMax >= 0)
    this.#bytesMax = options.bytesMax
  }

  /** Memory of all entries, estimated. */
  get bytes(): number {
    return this.#bytes
  }

  /** The row of a key, which is then the most recently used one. */
  get(key: string): CachedRow | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  /** Keeps a copy of the row, unless it alone exceeds the bound. */
  set(key: string, { row, columns, batchId }: CachedRow): void {
    const bytes = bytesOf(key, row)
    if (bytes > this.#bytesMax || this.#entries.has(key)) return
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes + bytes <= this.#bytesMax) break
      this.#entries.delete(oldest)
      this.#bytes -= bytesOf(oldest, entry.row)
    }
    // A part of the rows of a batch would keep all of them in memory.
    this.#entries.set(key, { row: row.slice(), columns, batchId })
    this.#bytes += bytes
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }
}

function bytesOf(key: string, row: Float32Array): number {
  return key.length + row.byteLength + entryBytes
}
