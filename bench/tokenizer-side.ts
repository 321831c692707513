// One side of bench/tokenizer.ts in a process of its own, so that no side pays for what another
// leaves to the garbage collector. Its parent sends texts and receives ids and processor time.
import { readFileSync } from 'node:fs'
import { loadTokenizer } from '../models/tokenizers/tokenizer.ts'
import { stopwatch } from './measuring.ts'

type Encode = (text: string) => ArrayLike<number>

const [engine, path] = process.argv.slice(2)
const json = readFileSync(path!)
const encode = engine === 'winnow' ? own() : await library()

process.on('message', (texts: readonly string[]) => {
  const spent = stopwatch()
  const encoded = texts.map(encode)
  const { cpuSeconds } = spent()
  process.send!({ ids: encoded.map((ids) => Array.from(ids)), cpuSeconds })
})

function own(): Encode {
  const tokenizer = loadTokenizer({ json })
  return (text) => tokenizer.encode(text, { maxTokens: 1 << 20 }).ids
}

async function library(): Promise<Encode> {
  type Library = { encode: (text: string) => { ids: ArrayLike<number> } }
  // Its own declarations do not resolve under NodeNext.
  const name: string = '@huggingface/tokenizers'
  const { Tokenizer } = (await import(name)) as {
    Tokenizer: new (file: object, config: object) => Library
  }
  const tokenizer = new Tokenizer(JSON.parse(json.toString()) as object, {})
  return (text) => tokenizer.encode(text).ids
}
