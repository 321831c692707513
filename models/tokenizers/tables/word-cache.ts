// Remembers the ids of short words, because 98 of 100 words of running text were seen before. Words
// are found by their UTF-16 units in the text, without a string or an object per word, so a lookup
// reads about two lines of memory and leaves nothing to the garbage collector. 2.6 MB at most.

/** Longer words are not remembered. */
export const cachedUnitsMax = 32
/** Words with more ids are not remembered. */
const cachedIdsMax = 64
const wordsMax = 50_000
const slotsMax = 1 << 17
/** 32-bit numbers of all records; a word of running text takes 6 to 8. */
const recordsMax = 1 << 19
/** A lookup ends after this many slots, so that words made to collide cost little. */
const probesMax = 16

/**
 * The ids of at most 50,000 words of one tokenizer. When it is full, it is emptied; results do not
 * depend on that.
 */
export class WordCache {
  /** int32 [slots], the record of a word plus 1; 0 for a free slot. */
  readonly #slots = new Int32Array(slotsMax)
  /**
   * int32 [recordsMax]. A record: the hash; the number of units plus 256 times the number of ids;
   * two units per number; the ids.
   */
  readonly #records = new Int32Array(recordsMax)
  #used = 0
  #words = 0

  /** The record of the word between two positions of a text; -1 if it is not remembered. */
  find(text: string, from: number, to: number): number {
    if (to - from > cachedUnitsMax) return -1
    const records = this.#records
    const hash = hashOf(text, from, to)
    for (let probe = 0, slot = slotOf(hash); probe < probesMax; probe++) {
      const record = this.#slots[slot]! - 1
      if (record < 0) return -1
      if (records[record] === hash && this.#isWord(record, text, from, to)) return record
      slot = (slot + 1) & (slotsMax - 1)
    }
    return -1
  }

  /** Appends the ids of a record that was just found. */
  append(record: number, found: number[]): void {
    const header = this.#records[record + 1]!
    const first = record + 2 + (((header & 0xff) + 1) >> 1)
    const end = first + (header >> 8)
    for (let at = first; at < end; at++) found.push(this.#records[at]!)
  }

  /** Remembers a word that was not found, unless it is too long. */
  add(text: string, from: number, to: number, ids: readonly number[]): void {
    const units = to - from
    if (units > cachedUnitsMax || ids.length > cachedIdsMax) return
    const size = 2 + ((units + 1) >> 1) + ids.length
    if (this.#words >= wordsMax || this.#used + size > recordsMax) this.#clear()
    const hash = hashOf(text, from, to)
    let slot = slotOf(hash)
    for (let probe = 1; this.#slots[slot] !== 0; probe++) {
      if (probe === probesMax) return
      slot = (slot + 1) & (slotsMax - 1)
    }
    const records = this.#records
    const record = this.#used
    this.#slots[slot] = record + 1
    records[record] = hash
    records[record + 1] = units | (ids.length << 8)
    let at = record + 2
    for (let i = from; i < to; i += 2) records[at++] = unitPair(text, i, to)
    for (const id of ids) records[at++] = id
    this.#used = at
    this.#words++
  }

  #isWord(record: number, text: string, from: number, to: number): boolean {
    const records = this.#records
    if ((records[record + 1]! & 0xff) !== to - from) return false
    let at = record + 2
    for (let i = from; i < to; i += 2) if (records[at++] !== unitPair(text, i, to)) return false
    return true
  }

  #clear(): void {
    this.#slots.fill(0)
    this.#used = 0
    this.#words = 0
  }
}

function unitPair(text: string, at: number, to: number): number {
  const next = at + 1 < to ? text.charCodeAt(at + 1) : 0
  return text.charCodeAt(at) | (next << 16)
}

/** FNV-1a over units; int32. */
function hashOf(text: string, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash | 0
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & (slotsMax - 1)
}
