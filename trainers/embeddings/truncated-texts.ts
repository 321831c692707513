// Counts the texts that are longer than a model reads.
import { readFile } from 'node:fs/promises'
import type { Base } from '../../models/bases/base-store.ts'
import { loadTokenizer } from '../../models/tokenizers/tokenizer.ts'
import type { Dataset } from '../data/dataset.ts'
import { checkedMaxTokens } from './training-limits.ts'

/** The most tokens per code point: a Hangul syllable decomposes into three letters. */
const tokensPerCharacterMax = 3

/** Adds `truncatedTexts` to the manifest, for the base's length limit or the given one. */
export async function withTruncatedTexts(
  dataset: Dataset,
  options: { base: Base; maxTokens?: number | undefined },
): Promise<Dataset> {
  const maxTokens = checkedMaxTokens(options.base, options.maxTokens)
  const long = dataset.examples.filter(
    ({ text }) => text.length * tokensPerCharacterMax > maxTokens - 2,
  )
  if (long.length === 0) return { ...dataset, manifest: { ...dataset.manifest, truncatedTexts: 0 } }
  const tokenizer = loadTokenizer({ json: await readFile(options.base.tokenizerPath) })
  const truncated = long.filter(({ text }) => tokenizer.encode(text, { maxTokens }).truncated)
  return { ...dataset, manifest: { ...dataset.manifest, truncatedTexts: truncated.length } }
}
