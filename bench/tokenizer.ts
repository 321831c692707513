// Question: how many tokens per second of processor time does one thread make of running text, and
// how does that compare with @huggingface/tokenizers (JavaScript) and tokenizers (Rust)? Prints one
// JSON line per tokenizer and side; RESULTS.md keeps them. No text comes twice, and each side has
// a process of its own. Without --python, the Rust library is not measured.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { modelStoreDir } from '../configs/paths.ts'
import { ensureBase } from '../models/bases/base-store.ts'
import { openReference, referenceCalls } from '../tests/tokenizers/reference.ts'
import { median, readTexts, spreadOf } from './measuring.ts'

const usage =
  'node bench/tokenizer.ts --data FILE [--tokenizer FILE]... [--rounds 7] [--texts 700]\n' +
  '  [--python PYTHON with tokenizers]\n' +
  '--tokenizer is a tokenizer.json; without it, that of minilm-l6. --texts is the texts of a round.\n' +
  'As many texts as in all rounds come first, to warm up.'
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    tokenizer: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '7' },
    texts: { type: 'string', default: '700' },
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
const measured = rounds * textsInRound
const texts = await readTexts(values.data, 2 * measured)
if (texts.length < 2 * measured) {
  throw new RangeError(`${values.data} has ${texts.length} texts, fewer than ${2 * measured}`)
}

type Encoded = { readonly ids: readonly (readonly number[])[]; readonly cpuSeconds: number }
type Side = {
  readonly name: string
  readonly encode: (texts: readonly string[]) => Promise<Encoded>
  readonly close: () => Promise<void>
}

for (const path of values.tokenizer ?? [await tokenizerOfBase()]) await compare(path)

async function compare(path: string): Promise<void> {
  const sides = await openSides(path)
  const speeds = new Map(sides.map(({ name }) => [name, [] as number[]]))
  const differing = new Map(sides.map(({ name }) => [name, 0]))
  try {
    for (const { encode } of sides) await encode(texts.slice(0, measured))
    for (let round = 0; round < rounds; round++) {
      const from = measured + round * textsInRound
      const own = texts.slice(from, from + textsInRound)
      let expected: Encoded['ids'] | undefined
      for (const { name, encode } of sides) {
        const { ids, cpuSeconds } = await encode(own)
        expected ??= ids
        const tokens = expected.reduce((sum, { length }) => sum + length, 0)
        speeds.get(name)!.push(tokens / cpuSeconds)
        differing.set(name, differing.get(name)! + differences(expected, ids))
      }
    }
  } finally {
    for (const { close } of sides) await close()
  }
  const winnow = median(speeds.get(sides[0]!.name)!)
  for (const { name } of sides) {
    const { median: tokensPerSecond, min, max } = spreadOf(speeds.get(name)!)
    console.log(
      JSON.stringify({
        tokenizer: basename(path),
        side: name,
        tokensPerSecond: Math.round(tokensPerSecond),
        range: [min, max].map(Math.round),
        ratio: Number((winnow / tokensPerSecond).toFixed(2)),
        differing: differing.get(name),
      }),
    )
  }
}

/** Winnow first: the others are compared with it. */
async function openSides(path: string): Promise<Side[]> {
  const sides = [openSide('winnow', path), openSide('@huggingface/tokenizers', path)]
  if (values.python === undefined) return sides
  for (const call of referenceCalls) {
    const reference = await openReference(values.python, path)
    sides.push({
      name: `tokenizers (Rust) ${reference.versions['tokenizers']}, ${call}`,
      encode: (some) => reference.encode(some, call),
      close: reference.close,
    })
  }
  return sides
}

function openSide(name: string, path: string): Side {
  const child = fork(new URL('tokenizer-side.ts', import.meta.url), [name, path])
  const exited = once(child, 'exit')
  return {
    name,
    async encode(some) {
      child.send(some)
      const [answer] = (await Promise.race([
        once(child, 'message'),
        exited.then(() => Promise.reject(new Error(`${name} ended; its message stands above.`))),
      ])) as [Encoded]
      return answer
    },
    async close() {
      child.kill()
      await exited
    },
  }
}

function differences(expected: Encoded['ids'], ids: Encoded['ids']): number {
  return expected.filter((one, i) => one.join() !== ids[i]!.join()).length
}

async function tokenizerOfBase(): Promise<string> {
  const base = await ensureBase({ name: 'minilm-l6', storeDir: modelStoreDir() })
  return base.tokenizerPath
}
