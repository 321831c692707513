// Question: how many tokens per second of processor time does one thread make of running text, and
// how does that compare with @huggingface/tokenizers (JavaScript) and tokenizers (Rust)? Prints one
// JSON line per tokenizer and side; RESULTS.md keeps them. Each round has other texts, so that no
// side has seen them. Without --python, the Rust library is not measured.
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { modelStoreDir } from '../configs/paths.ts'
import { ensureBase } from '../models/bases/base-store.ts'
import { loadTokenizer } from '../models/tokenizers/tokenizer.ts'
import { openReference, referenceCalls, type Reference } from '../tests/tokenizers/reference.ts'
import { median, readTexts, spreadOf, stopwatch } from './measuring.ts'

const usage =
  'node bench/tokenizer.ts --data FILE [--tokenizer FILE]... [--rounds 7] [--texts 1400]\n' +
  '  [--python PYTHON with tokenizers]\n' +
  '--tokenizer is a tokenizer.json; without it, that of minilm-l6. --texts is the texts of a round.'
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    tokenizer: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '7' },
    texts: { type: 'string', default: '1400' },
    python: { type: 'string' },
    help: { type: 'boolean' },
  },
})
if (values.help === true || values.data === undefined) {
  console.log(usage)
  process.exit(values.help === true ? 0 : 2)
}
const rounds = Number(values.rounds)
const textsInRound = Number(values.texts)

type Encoded = { readonly ids: readonly ArrayLike<number>[]; readonly cpuSeconds: number }
type Side = {
  readonly side: string
  readonly encode: (texts: readonly string[]) => Encoded | Promise<Encoded>
}

const texts = await readTexts(values.data, (rounds + 1) * textsInRound)
if (texts.length < (rounds + 1) * textsInRound) {
  throw new RangeError(`${values.data} has only ${texts.length} texts`)
}
const base = async () =>
  (await ensureBase({ name: 'minilm-l6', storeDir: modelStoreDir() })).tokenizerPath
for (const path of values.tokenizer ?? [await base()]) await compare(path)

async function compare(path: string): Promise<void> {
  const reference =
    values.python === undefined ? undefined : await openReference(values.python, path)
  try {
    const sides = await sidesOf(path, reference)
    const speeds = new Map(sides.map(({ side }) => [side, [] as number[]]))
    const differing = new Map(sides.map(({ side }) => [side, 0]))
    // The first round warms up and does not count.
    for (let round = 0; round <= rounds; round++) {
      const own = texts.slice(round * textsInRound, (round + 1) * textsInRound)
      let expected: readonly ArrayLike<number>[] | undefined
      for (const { side, encode } of sides) {
        const { ids, cpuSeconds } = await encode(own)
        expected ??= ids
        const tokens = expected.reduce((sum, { length }) => sum + length, 0)
        if (round > 0) speeds.get(side)!.push(tokens / cpuSeconds)
        differing.set(side, differing.get(side)! + differences(expected, ids))
      }
    }
    const winnow = median(speeds.get(sides[0]!.side)!)
    for (const { side } of sides) {
      const { median: tokensPerSecond, min, max } = spreadOf(speeds.get(side)!)
      const range = [min, max].map(Math.round)
      const ratio = Number((winnow / tokensPerSecond).toFixed(2))
      const found = { side, tokensPerSecond: Math.round(tokensPerSecond), range, ratio }
      console.log(JSON.stringify({ tokenizer: path, ...found, differing: differing.get(side) }))
    }
    if (reference !== undefined) console.log(JSON.stringify(reference.versions))
  } finally {
    await reference?.close()
  }
}

/** Winnow first: the others are compared with it. */
async function sidesOf(path: string, reference: Reference | undefined): Promise<Side[]> {
  const json = await readFile(path)
  const own = loadTokenizer({ json })
  const library = await openLibrary(json)
  return [
    {
      side: `winnow (${own.engine})`,
      encode: timed((text) => own.encode(text, { maxTokens: 1 << 20 }).ids),
    },
    { side: '@huggingface/tokenizers', encode: timed((text) => library.encode(text).ids) },
    ...(reference === undefined ? [] : referenceCalls).map((call) => ({
      side: `tokenizers (Rust), ${call}`,
      encode: (some: readonly string[]) => reference!.encode(some, call),
    })),
  ]
}

function timed(encode: (text: string) => ArrayLike<number>): Side['encode'] {
  return (some) => {
    const spent = stopwatch()
    const ids = some.map(encode)
    return { ids, cpuSeconds: spent().cpuSeconds }
  }
}

type Library = { encode: (text: string) => { readonly ids: readonly number[] } }

async function openLibrary(json: Uint8Array): Promise<Library> {
  const name: string = '@huggingface/tokenizers'
  const { Tokenizer } = (await import(name)) as {
    Tokenizer: new (file: object, config: object) => Library
  }
  return new Tokenizer(JSON.parse(new TextDecoder().decode(json)) as object, {})
}

function differences(
  expected: readonly ArrayLike<number>[],
  ids: readonly ArrayLike<number>[],
): number {
  return expected.filter((one, i) => Array.from(one).join() !== Array.from(ids[i]!).join()).length
}
