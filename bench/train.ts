// How fast is full fine-tuning compared with PyTorch, in fp32 and bf16 autocast? Both train on the
// same texts in the same batches, each side in a process of its own, in alternating rounds. It
// prints real (unpadded) tokens per second, the ratio of each round, and peak memory. The rival is
// bench/train_torch.py; Winnow's other engine is `tfjs`.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { modelStoreDir } from '../configs/paths.ts'
import { ensureBase, type Base } from '../models/bases/base-store.ts'
import { loadTokenizer } from '../models/tokenizers/tokenizer.ts'
import { labelIndices, readDataset, trainingLabels } from '../trainers/data/dataset.ts'
import { defaultRecipe, type TrainingEngine } from '../trainers/encoder/fine-tuning-task.ts'
import { seededRandom } from '../models/runtime/seeded-random.ts'
import { epochBatches } from '../trainers/encoder/token-batches.ts'
import { publishedNode } from '../tests/support/published-node.ts'
import { median, spreadOf } from './measuring.ts'
import type { TimedTexts } from './train-rounds.ts'

const usage =
  'node bench/train.ts --python PYTHON [--data TRAIN.jsonl.gz] [--rounds 5] [--steps 10] ' +
  '[--optimizer fused|default] [--threads N] [--sides onnx,tfjs,fp32,bf16 (default: all but tfjs)]\n' +
  '[--products int8|float32] [--rival-batches same|shuffled]\n' +
  'Without --data every text has 32 random tokens. PYTHON needs torch, onnx and tokenizers. PyTorch gets\n' +
  'the batches that Winnow makes, of nearly one length, or shuffled ones as a plain data loader makes them.'

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    data: { type: 'string' },
    base: { type: 'string', default: 'minilm-l6' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '10' },
    optimizer: { type: 'string', default: 'fused' },
    threads: { type: 'string', default: String(availableParallelism()) },
    sides: { type: 'string', default: 'onnx,fp32,bf16' },
    products: { type: 'string', default: defaultRecipe.products },
    'rival-batches': { type: 'string', default: 'same' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit()
}
const [rounds, steps] = [Number(values.rounds), Number(values.steps)]
const seed = 1
const threads = Number(values.threads)

/** One round of one side. */
type Round = {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakBytes: number
  /** Real tokens, if the side makes its own batches. */
  readonly tokens?: number
}
type Side = {
  readonly name: string
  readonly next: () => Promise<Round>
  readonly end: () => void
}

const asked = values.sides.split(',')
if (!asked.includes('onnx'))
  throw new Error(`The side onnx is required, because the others are compared with it.\n${usage}`)
if (asked.includes('fp32') || asked.includes('bf16')) await requirePackages()
const scratch = await mkdtemp(join(tmpdir(), 'winnow-bench-train-'))
const sides: Side[] = []
try {
  const base = await ensureBase({ name: values.base, storeDir: modelStoreDir() })
  const texts = values.data === undefined ? equalTexts() : await textsOf(base, values.data)
  const batches = batchesOf(texts)
  const theirs = values['rival-batches'] === 'shuffled' ? shuffledBatches(texts) : batches
  const textsPath = join(scratch, 'texts.json')
  const batchesPath = join(scratch, 'batches.json')
  const { products } = values
  const run: TimedTexts = { ...texts, modelPath: base.modelPath, seed, steps, threads, products }
  await writeFile(textsPath, JSON.stringify(run))
  const written = theirs.map((indices) => ({
    ids: Array.from(indices, (index) => texts.ids[index]!),
    truth: Array.from(indices, (index) => texts.truth[index]!),
  }))
  await writeFile(batchesPath, JSON.stringify({ labels: texts.labels, batches: written }))
  const open: Record<string, () => Side> = {
    onnx: () => ours('winnow', 'onnx', textsPath),
    tfjs: () => ours('winnow tfjs', 'tfjs', textsPath),
    fp32: () => rival('torch fp32', base, batchesPath, []),
    bf16: () => rival('torch bf16', base, batchesPath, ['--bf16']),
  }
  for (const name of asked) {
    const side = open[name]
    if (side === undefined) throw new Error(`There is no side ${name}.\n${usage}`)
    sides.push(side())
  }
  const results = await timeRounds(sides)
  const tokens = Array.from({ length: rounds }, (_, round) => {
    // The first round warms up and is not counted.
    const own = batches.slice((round + 1) * steps, (round + 2) * steps)
    return own.reduce(
      (sum, indices) => sum + indices.reduce((count, index) => count + texts.ids[index]!.length, 0),
      0,
    )
  })
  console.log(JSON.stringify(summarize(results, tokens), undefined, 1))
} finally {
  for (const side of sides) side.end()
  await rm(scratch, { recursive: true, force: true })
}

type Texts = Pick<TimedTexts, 'ids' | 'truth' | 'labels'>

async function textsOf(base: Base, path: string): Promise<Texts> {
  const dataset = await readDataset({ kind: 'file', paths: [path] })
  const labels = trainingLabels(dataset)
  const tokenizer = loadTokenizer({ json: await readFile(base.tokenizerPath) })
  return {
    ids: dataset.examples.map(({ text }) => [...tokenizer.encode(text, { maxTokens: 128 }).ids]),
    truth: [...labelIndices(dataset, labels)],
    labels: labels.length,
  }
}

/** 32 random ids per text, 64 labels. */
function equalTexts(): Texts {
  const random = seededRandom(seed)
  const count = defaultRecipe.batchTexts * steps * (rounds + 1)
  return {
    ids: Array.from({ length: count }, () =>
      Array.from({ length: 32 }, () => 1_000 + random.below(28_000)),
    ),
    truth: Array.from({ length: count }, () => random.below(64)),
    labels: 64,
  }
}

/** The batches that Winnow's trainer makes, in its order, as many as are timed. */
function batchesOf({ ids }: Texts): Int32Array[] {
  const lengths = Int32Array.from(ids, ({ length }) => length)
  const limits = { texts: defaultRecipe.batchTexts, tokensMax: defaultRecipe.batchTokensMax }
  const batches: Int32Array[] = []
  for (let epoch = 1; batches.length < steps * (rounds + 1); epoch++) {
    batches.push(...epochBatches(lengths, limits, { seed, epoch }))
  }
  return batches.slice(0, steps * (rounds + 1))
}

/** As many batches of the same size in random order, padded to their longest text. */
function shuffledBatches({ ids }: Texts): Int32Array[] {
  const { batchTexts } = defaultRecipe
  const order = seededRandom(seed).shuffle(Int32Array.from(ids, (_, index) => index))
  const count = Math.floor(ids.length / batchTexts)
  return Array.from({ length: steps * (rounds + 1) }, (_, i) => {
    const first = (i % count) * batchTexts
    return order.slice(first, first + batchTexts)
  })
}

function scriptPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

async function requirePackages(): Promise<void> {
  try {
    await promisify(execFile)(values.python, ['-c', 'import torch, onnx, tokenizers, numpy'])
  } catch (cause) {
    const message = `${values.python} cannot import torch, onnx, tokenizers and numpy.\n${usage}`
    throw new Error(message, { cause })
  }
}

function ours(name: string, engine: TrainingEngine, textsPath: string): Side {
  const node = publishedNode()
  const args = [node.flag, scriptPath('train-rounds.ts'), textsPath, engine]
  // Without the variable of node.env: see configs/freed-memory.ts.
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  return sideOf(name, child)
}

function rival(name: string, base: Base, batchesPath: string, flags: readonly string[]): Side {
  // Attention dropout is off, as in Winnow: PyTorch's fast attention kernel cannot do it.
  const fixed = ['--base', base.dir, '--batches', batchesPath, '--attention-dropout', '0']
  const child = spawn(
    values.python,
    [
      scriptPath('train_torch.py'),
      ...fixed,
      '--steps',
      String(steps),
      '--optimizer',
      values.optimizer,
      ...flags,
    ],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, OMP_NUM_THREADS: String(threads) },
    },
  )
  return sideOf(name, child)
}

/** A side whose process prints one JSON line for each line that it receives. */
function sideOf(name: string, child: ChildProcess): Side {
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  return {
    name,
    async next() {
      child.stdin!.write('\n')
      const { value, done } = (await lines.next()) as IteratorResult<string, undefined>
      if (done === true) throw new Error(`${name} ended early`)
      return JSON.parse(value) as Round
    },
    end: () => child.stdin!.end(),
  }
}

/** Runs all sides in turn, with a different one first in each round; drops a first round. */
async function timeRounds(all: readonly Side[]): Promise<Map<string, Round[]>> {
  const results = new Map(all.map(({ name }): [string, Round[]] => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (let i = 0; i < all.length; i++) {
      const side = all[(i + round) % all.length]!
      const result = await side.next()
      if (round > 0) results.get(side.name)!.push(result)
    }
  }
  return results
}

function summarize(results: ReadonlyMap<string, readonly Round[]>, tokens: readonly number[]) {
  const own = results.get('winnow')!
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
  return {
    data: values.data ?? '32 x 32 random tokens',
    rounds,
    steps,
    threads,
    optimizer: values.optimizer,
    products: values.products,
    rivalBatches: values['rival-batches'],
    tokensAStep: sum(tokens) / rounds / steps,
    sides: Object.fromEntries(
      [...results].map(([name, measured]) => {
        const pace = ({ seconds, cpuSeconds, tokens: real }: Round, i: number) => {
          const counted = real ?? tokens[i]!
          return { clock: counted / seconds, cpu: counted / cpuSeconds }
        }
        return [
          name,
          {
            tokensPerSecond: median(measured.map((round, i) => pace(round, i).clock)),
            cpuSecondsAStep: sum(measured.map(({ cpuSeconds }) => cpuSeconds)) / rounds / steps,
            peakMiB: Math.round(Math.max(...measured.map(({ peakBytes }) => peakBytes)) / 2 ** 20),
            /** How much faster Winnow is, by the clock and in CPU time. */
            winnowTimesFaster: spreadOf(
              measured.map((round, i) => pace(own[i]!, i).clock / pace(round, i).clock),
            ),
            inCpuTime: spreadOf(
              measured.map((round, i) => pace(own[i]!, i).cpu / pace(round, i).cpu),
            ),
          },
        ]
      }),
    ),
  }
}
