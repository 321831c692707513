// The parts of a small model for three labels and a vocabulary of ten tokens.
import { buildGramTable } from '../../models/cascade/gram-table.ts'
import type { SmallModelParts } from '../../models/cascade/small-model.ts'
import { gramCount, tokenGrams } from '../../models/cascade/token-grams.ts'

const labels = 3

/** Parts that know the tokens and pairs of a few texts. */
export function smallParts(): SmallModelParts {
  const texts = [Int32Array.of(2, 4, 5, 3), Int32Array.of(2, 6, 4, 7, 3), Int32Array.of(2, 8, 3)]
  const keys = new Set<number>()
  for (const ids of texts) {
    const found = new Int32Array(gramCount(ids.length))
    tokenGrams(ids, found)
    for (const key of found) keys.add(key)
  }
  const weights = (rows: number, seed: number) => ({
    weights: Int8Array.from({ length: rows * labels }, (_, at) => ((at * 37 + seed) % 255) - 127),
    scales: Float32Array.from({ length: rows }, (_, row) => 0.01 + 0.003 * row),
  })
  return {
    bias: Float32Array.of(0.5, -0.25, 0),
    grams: {
      table: buildGramTable(Int32Array.from(keys)),
      rarity: Float32Array.from([...keys], (_, row) => 1 + 0.1 * row),
      ...weights(keys.size, 5),
    },
    tokens: {
      shares: Float32Array.from({ length: 10 }, (_, token) => (token < 4 ? 0 : 1 / token)),
      ...weights(10, 90),
    },
  }
}
