// The timed Winnow side of bench/train.ts, in a process of its own: Winnow's unchanged fine-tuning,
// paused after a number of steps until a line on stdin asks for the next round. Its peak memory is
// that of training.
import { readFileSync, readSync } from 'node:fs'
import { readBertWeights } from '../models/graph/weights/bert-weights.ts'
import { readOnnx } from '../models/graph/onnx/onnx-reader.ts'
import { packTexts } from '../trainers/embeddings/encoded-texts.ts'
import { defaultRecipe, trainingEngines } from '../trainers/encoder/fine-tuning-task.ts'
import { fineTune } from '../trainers/encoder/fine-tuning.ts'
import { seededRandom } from '../models/runtime/seeded-random.ts'
import { peakRss, stopwatch, type Spent } from './measuring.ts'

/** The file that bench/train.ts writes for it: token ids and label index of each text. */
export type TimedTexts = {
  readonly modelPath: string
  readonly ids: readonly (readonly number[])[]
  readonly truth: readonly number[]
  readonly labels: number
  readonly seed: number
  readonly steps: number
  readonly threads: number
  readonly products: string
}

const [path, named] = process.argv.slice(2)
const engine = trainingEngines.find((each) => each === named)
if (path === undefined || engine === undefined) {
  throw new Error('node bench/train-rounds.ts TEXTS.json onnx|tfjs')
}
const timed = JSON.parse(readFileSync(path, 'utf8')) as TimedTexts
const { labels, seed, threads } = timed
const weights = readBertWeights(readOnnx(readFileSync(timed.modelPath)))
const random = seededRandom(seed)
const headWeight = Float32Array.from(
  { length: weights.hidden * labels },
  () => (random.uint32() / 2 ** 32 - 0.5) / 10,
)
const train = {
  texts: packTexts(timed.ids.map((ids) => Int32Array.from(ids))),
  truth: Int32Array.from(timed.truth),
}
const first = { texts: packTexts([Int32Array.from(timed.ids[0]!)]), truth: Int32Array.of(0) }
let place = 0
let round = startRound()

await fineTune(
  {
    weights,
    normalize: true,
    frozenLayers: 0,
    train,
    validation: first,
    toPredict: first.texts,
    head: { from: weights.hidden, to: labels, weight: headWeight, bias: new Float32Array(labels) },
    classWeights: new Float32Array(labels).fill(1),
    recipe: {
      ...defaultRecipe,
      epochs: 1_000,
      patienceEpochs: 1_000,
      products: timed.products === 'float32' ? 'float32' : 'int8',
    },
    seed,
    engine,
    threads,
    statesDir: '.',
  },
  { onProgress: ({ kind }) => (kind === 'step' ? onStep() : undefined), isCancelled: () => false },
)

function startRound(): () => Spent {
  waitForLine()
  return stopwatch()
}

/** Counts steps; the clock of a round starts with the line that asked for it. */
function onStep(): void {
  if (++place % timed.steps !== 0) return
  console.log(JSON.stringify({ ...round(), peakBytes: peakRss('self') }))
  round = startRound()
}

/** Blocks this process until a line arrives; the end of stdin ends it. */
function waitForLine(): void {
  const byte = new Uint8Array(1)
  do {
    if (readSync(0, byte) === 0) process.exit()
  } while (byte[0] !== 0x0a)
}
