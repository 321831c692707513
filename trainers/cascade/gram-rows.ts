// The training texts of a small model as sparse rows: which tokens and pairs it knows, how rare
// each is, and the TF-IDF vector of every text. models/cascade/small-model.ts computes the same at
// work.
import { buildGramTable, gramRow, type GramTable } from '../../models/cascade/gram-table.ts'
import { gramCount, tokenGrams } from '../../models/cascade/token-grams.ts'

/** The tokens and pairs that a small model knows. */
export type GramVocabulary = {
  readonly table: GramTable
  /** float32 [rows]: ln((1 + texts) / (1 + texts with it)) + 1, as scikit-learn computes it. */
  readonly rarity: Float32Array
}

/** Sparse rows: those of text i are at `starts[i]` to `starts[i + 1]`. */
export type SparseRows = {
  readonly starts: Int32Array
  readonly columns: Int32Array
  readonly values: Float32Array
}

/** The most tokens and pairs of a small model; the rarest are left out. */
export const gramsMax = 200_000

/** The vocabulary of texts as token ids int32 [tokens]. Equal texts give equal rows. */
export function gramVocabulary(
  texts: readonly Int32Array[],
  { max = gramsMax }: { max?: number } = {},
): GramVocabulary {
  const counts = new Map<number, number>()
  for (const ids of texts) {
    for (const key of new Set(gramsOf(ids))) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  // By frequency, and at equal frequency in the order of the texts, which a stable sort keeps.
  const kept = [...counts].sort((a, b) => b[1] - a[1]).slice(0, max)
  return {
    table: buildGramTable(Int32Array.from(kept, ([key]) => key)),
    rarity: Float32Array.from(kept, ([, count]) => Math.log((1 + texts.length) / (1 + count)) + 1),
  }
}

/** The TF-IDF vectors of texts, each of length 1. */
export function gramRows(texts: readonly Int32Array[], vocabulary: GramVocabulary): SparseRows {
  const { table, rarity } = vocabulary
  const starts = new Int32Array(texts.length + 1)
  const columns: number[] = []
  const values: number[] = []
  for (const [at, ids] of texts.entries()) {
    const counts = new Map<number, number>()
    for (const key of gramsOf(ids)) {
      const row = gramRow(table, key)
      if (row >= 0) counts.set(row, (counts.get(row) ?? 0) + 1)
    }
    const found = [...counts].sort((a, b) => a[0] - b[0])
    const weighted = found.map(([row, count]) => (1 + Math.log(count)) * rarity[row]!)
    const length = Math.sqrt(weighted.reduce((sum, value) => sum + value * value, 0))
    for (const [place, [row]] of found.entries()) {
      columns.push(row)
      values.push(weighted[place]! / length)
    }
    starts[at + 1] = columns.length
  }
  return { starts, columns: Int32Array.from(columns), values: Float32Array.from(values) }
}

function gramsOf(ids: Int32Array): Int32Array {
  const keys = new Int32Array(gramCount(ids.length))
  return keys.subarray(0, tokenGrams(ids, keys))
}
