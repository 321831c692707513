// Finds the row of a key: an open-addressing hash table in one int32 array, which is written to the
// file of a small model as it is. It never changes after it was built.
import { WinnowError } from '../../schemas/errors.ts'

/** int32 [slots, 2]: a key, or 0 for an empty slot, and its row. `slots` is a power of two. */
export type GramTable = Int32Array

/** The table of different keys, none of them 0; the row of a key is its place in `keys`. */
export function buildGramTable(keys: Int32Array): GramTable {
  let slots = 2
  while (slots < 2 * keys.length) slots *= 2
  const table = new Int32Array(2 * slots)
  const mask = slots - 1
  for (const [row, key] of keys.entries()) {
    let slot = key & mask
    while (table[2 * slot] !== 0) slot = (slot + 1) & mask
    table[2 * slot] = key
    table[2 * slot + 1] = row
  }
  return table
}

/** The row of a key; -1 if the table does not have it. */
export function gramRow(table: GramTable, key: number): number {
  const mask = (table.length >>> 1) - 1
  let slot = key & mask
  for (;;) {
    const found = table[2 * slot]
    if (found === key) return table[2 * slot + 1]!
    if (found === 0) return -1
    slot = (slot + 1) & mask
  }
}

/**
 * Checks a table that was read from a file: it must have an empty slot, or a search would not end,
 * and its rows must exist.
 *
 * @throws WinnowError `model_corrupt`.
 */
export function checkGramTable(table: GramTable, rows: number): void {
  const slots = table.length / 2
  let empty = 0
  for (let slot = 0; slot < slots; slot++) {
    if (table[2 * slot] === 0) empty++
    else if (!(table[2 * slot + 1]! >= 0 && table[2 * slot + 1]! < rows)) empty = -Infinity
  }
  if (empty > 0 && Number.isInteger(Math.log2(slots))) return
  throw new WinnowError('model_corrupt', 'The table of the small model is damaged.')
}
