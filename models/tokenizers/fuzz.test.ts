// Made texts with stored hashes of the reference's ids: the short form of `npm run test:tokenizers`,
// which writes the fixture and compares a million words.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { modelStoreDir } from '../../configs/paths.ts'
import { idsHash, textsFor } from '../../tests/support/fuzz-tokenizer.ts'
import { openBase } from '../bases/base-store.ts'
import { loadTokenizer } from './tokenizer.ts'

const fixtures = new URL('../../tests/fixtures/', import.meta.url)
const { seed, words, hashes } = JSON.parse(
  readFileSync(new URL('tokenizer-fuzz.json', fixtures), 'utf8'),
) as { seed: number; words: number; hashes: Record<string, string> }

test.each(Object.keys(hashes))('%s gives the ids of the reference for made texts', async (name) => {
  const json = readFileSync(await pathOf(name))
  const tokenizer = loadTokenizer({ json })
  const expected = hashes[name]!.match(/.{3}/g)!
  const texts = Array.from(textsFor(json, { seed, words }), ({ text }) => text)
  expect(texts.length).toBe(expected.length)
  // Twice: with an empty cache, and with the words in it. In between, each text is cut short.
  for (const maxTokens of [1 << 20, 8, 1 << 20]) {
    const all = texts.map((text) => tokenizer.encode(text, { maxTokens }).ids)
    if (maxTokens === 8) continue
    expect(texts.filter((_, i) => idsHash(all[i]!) !== expected[i])).toEqual([])
  }
})

async function pathOf(name: string): Promise<string | URL> {
  if (name !== 'minilm-l6') return new URL(`imports/${name}/tokenizer.json`, fixtures)
  return (await openBase({ name, storeDir: modelStoreDir() })).tokenizerPath
}
