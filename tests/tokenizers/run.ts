// Compares Winnow's own tokenizers with the reference on a million words of made and real text per
// tokenizer, and reports the texts whose ids differ. The reference is the Rust library
// `tokenizers`, from PyPI.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readTexts } from '../../bench/measuring.ts'
import { cacheDir, modelStoreDir } from '../../configs/paths.ts'
import { ensureBase } from '../../models/bases/base-store.ts'
import { loadTokenizer } from '../../models/tokenizers/tokenizer.ts'
import { idsHash, textsFor, wordsOf } from '../support/fuzz-tokenizer.ts'
import { openVenv } from '../support/python-venv.ts'
import { openReference, type Reference } from './reference.ts'

const help = `Usage: npm run test:tokenizers -- [--words N] [--seed N] [--tokenizer FILE]... [--data FILE]... [--python PYTHON]

Encodes made texts with at least N words per tokenizer with Winnow and with the Rust library, and fails if any
ids differ. The library is installed from PyPI into a virtual environment of Winnow's cache, unless
--python names a Python that has it. Without Python, nothing is compared.

  --words N         words per tokenizer (1000000)
  --seed N          seed of the texts (1)
  --tokenizer FILE  a tokenizer.json of an own engine; without it, minilm-l6 and those of tests/fixtures/imports
  --data FILE       JSON Lines, gzipped or not, whose texts are compared too and give the real words
  --python PYTHON   a Python with the package tokenizers
  --write           writes tests/fixtures/tokenizer-fuzz.json, the short form, instead

Example:
  npm run test:tokenizers -- --words 20000
`

/** Tokenizers of the fixtures, all with small vocabularies. */
const fixtures = ['bert', 'distilbert', 'roberta', 'modernbert', 'xlm-r']
const textsInBatch = 2_000
const shownMax = 5

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      words: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      tokenizer: { type: 'string', multiple: true },
      data: { type: 'string', multiple: true, default: [] },
      python: { type: 'string' },
      write: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) {
    process.stdout.write(help)
    return
  }
  const venv = join(cacheDir(), 'test-tokenizers', 'venv')
  const installed =
    values.python === undefined ? openVenv(venv, ['tokenizers==0.23.3']) : { bin: '' }
  if ('missing' in installed) {
    process.stdout.write(`test:tokenizers: skipped, because ${installed.missing}\n`)
    return
  }
  const python = values.python ?? join(installed.bin, 'python')
  if (values.write === true) {
    await writeShortForm(python)
    return
  }
  const real: string[] = []
  for (const path of values.data) real.push(...(await readTexts(path, Infinity)))
  let failed = 0
  for (const path of values.tokenizer ?? (await defaultPaths())) {
    const options = { seed: Number(values.seed), words: Number(values.words) }
    const { texts, words, differing } = await compare({ python, path, real, ...options })
    process.stdout.write(`${path}: ${words} words in ${texts} texts, ${differing} texts differ\n`)
    failed += differing
  }
  if (failed > 0) process.exitCode = 1
}

type Comparison = {
  readonly python: string
  readonly path: string
  readonly real: readonly string[]
  readonly seed: number
  readonly words: number
}

/** Encodes all texts on both sides; the first differing texts are printed. */
async function compare({ python, path, real, ...options }: Comparison) {
  const json = readFileSync(path)
  const tokenizer = loadTokenizer({ json })
  const reference = await openReference(python, path)
  const found = { texts: 0, words: 0, differing: 0 }
  const check = async (texts: readonly string[]): Promise<void> => {
    const { ids } = await reference.encode(texts, 'encode_batch')
    found.texts += texts.length
    for (const [i, text] of texts.entries()) {
      const own = Array.from(tokenizer.encode(text, { maxTokens: 1 << 20 }).ids)
      if (own.join() === ids[i]!.join()) continue
      found.differing++
      if (found.differing > shownMax) continue
      process.stdout.write(`${path}: ${JSON.stringify(text)}\n`)
      process.stdout.write(`  winnow:    ${own.join(' ')}\n  reference: ${ids[i]!.join(' ')}\n`)
    }
  }
  try {
    for (let at = 0; at < real.length; at += textsInBatch) {
      const texts = real.slice(at, at + textsInBatch)
      found.words += wordsOf(texts).length
      await check(texts)
    }
    const written = real.length === 0 ? {} : { written: wordsOf(real) }
    let waiting: string[] = []
    for (const { text, words } of textsFor(json, { ...options, ...written })) {
      waiting.push(text)
      found.words += words
      if (waiting.length < textsInBatch) continue
      await check(waiting)
      waiting = []
    }
    await check(waiting)
  } finally {
    await reference.close()
  }
  return found
}

async function defaultPaths(): Promise<string[]> {
  const base = await ensureBase({ name: 'minilm-l6', storeDir: modelStoreDir() })
  return [base.tokenizerPath, ...fixtures.map(fixturePath)]
}

function fixturePath(kind: string): string {
  return new URL(`../fixtures/imports/${kind}/tokenizer.json`, import.meta.url).pathname
}

async function writeShortForm(python: string): Promise<void> {
  const options = { seed: 1, words: 12_000 }
  const hashes: Record<string, string> = {}
  let madeWith = ''
  const names = ['minilm-l6', ...fixtures]
  for (const [i, path] of (await defaultPaths()).entries()) {
    const reference = await openReference(python, path)
    madeWith = `tokenizers ${reference.versions['tokenizers']}`
    hashes[names[i]!] = await hashesOf(reference, readFileSync(path), options)
    await reference.close()
  }
  const path = new URL('../fixtures/tokenizer-fuzz.json', import.meta.url)
  writeFileSync(path, `${JSON.stringify({ madeWith, ...options, hashes }, null, 1)}\n`)
}

async function hashesOf(
  reference: Reference,
  json: Uint8Array,
  options: { seed: number; words: number },
): Promise<string> {
  const texts = Array.from(textsFor(json, options), ({ text }) => text)
  const { ids } = await reference.encode(texts, 'encode_batch')
  return ids.map(idsHash).join('')
}

await main()
