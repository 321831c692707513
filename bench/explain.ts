// How long do explanations take, do they find the tokens that a label depends on, and do integrated
// gradients agree with Captum's on the same weights? Prints one JSON line per question; results are
// in RESULTS.md. It needs a version that `winnow train` wrote, and texts in its language.
import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { modelStoreDir } from '../configs/paths.ts'
import { openExplainer, type Explainer } from '../models/explain/explain-text.ts'
import type { Explanation } from '../models/explain/explanation.ts'
import { readTokenPieces, type TokenPieces } from '../models/explain/token-pieces.ts'
import { logOdds } from '../models/explain/label-odds.ts'
import type { Classifier } from '../models/inference/classifier.ts'
import { openVersionModel } from '../models/inference/version-model.ts'
import { seededRandom } from '../models/runtime/seeded-random.ts'
import { weightsFileName, type ModelVersion } from '../models/store/version-files.ts'
import { openVersion } from '../models/store/version-store.ts'
import { median, readTexts, stopwatch } from './measuring.ts'

const usage =
  'node bench/explain.ts --model REF --data FILE.jsonl.gz [--questions speed,deletion,agreement] ' +
  '[--texts 100] [--tokens 50] [--methods integrated-gradients,occlusion,shapley] ' +
  '[--orders 20] [--python PYTHON with torch, onnx and captum]'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    questions: { type: 'string', default: 'speed,deletion,agreement' },
    texts: { type: 'string', default: '100' },
    tokens: { type: 'string', default: '50' },
    methods: { type: 'string', default: 'integrated-gradients,occlusion,shapley' },
    orders: { type: 'string', default: '20' },
    python: { type: 'string', default: 'python3' },
  },
})
if (values.model === undefined || values.data === undefined) throw new Error(usage)
const count = Number(values.texts)
const workers = availableParallelism()
const randomOrders = Number(values.orders)
const questions = values.questions.split(',')
const methods = values.methods.split(',') as Explanation['method'][]
const version = await openVersion({ ref: values.model, storeDir: modelStoreDir() })
const tokens = readTokenPieces(await readFile(version.tokenizerPath))
const { classifier } = await openVersionModel({ version, workers })
const explainer = await openExplainer({ version, workers, steps: [] })
try {
  const texts = await readTexts(values.data, 20 * count)
  const context: Context = { version, tokens, classifier, explainer }
  const long = textsOfLength(texts, Number(values.tokens), classifier).slice(0, count)
  const print = (answer: object): void => console.log(JSON.stringify(answer))
  for (const method of questions.includes('speed') ? methods : []) {
    print(await speed(long, method, context))
  }
  const own = texts.filter((text) => text.split(/\s+/).length >= 6).slice(0, count)
  for (const method of questions.includes('deletion') ? methods : []) {
    print(await deletion(own, method, context))
  }
  if (questions.includes('agreement')) {
    print(await agreement(own, { ...context, python: values.python }))
  }
} finally {
  await explainer.close()
  await classifier.close()
}

type Context = {
  readonly version: ModelVersion
  readonly tokens: TokenPieces
  readonly classifier: Classifier
  readonly explainer: Explainer
}

/** Texts of about `wanted` tokens, special ones included, joined from others word by word. */
function textsOfLength(texts: readonly string[], wanted: number, model: Classifier): string[] {
  const found: string[] = []
  let text = ''
  for (const word of texts.flatMap((one) => one.split(/\s+/))) {
    const longer = text === '' ? word : `${text} ${word}`
    if (model.tokenize(longer).ids.length <= wanted) text = longer
    else {
      found.push(text)
      text = word
    }
  }
  return found
}

/** Wall and processor time of explaining each text once. */
async function speed(texts: readonly string[], method: Explanation['method'], context: Context) {
  const { explainer, classifier } = context
  // The first explanation also opens the graph.
  await explainer.explain({ text: texts[0]!, method })
  const stop = stopwatch()
  const explained: Explanation[] = []
  for (const text of texts) explained.push(await explainer.explain({ text, method }))
  const { seconds, cpuSeconds } = stop()
  const lengths = texts.map((text) => classifier.tokenize(text).ids.length)
  return {
    question: 'speed',
    ...{ method, workers, texts: texts.length, tokens: median(lengths), seconds, cpuSeconds },
    steps: tally(explained.map(({ steps }) => steps)),
    permutations: tally(explained.map(({ permutations }) => permutations)),
    gapMax: Math.max(...explained.map(({ completenessGap }) => completenessGap ?? 0)),
  }
}

function tally(numbers: readonly (number | null)[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const one of numbers) if (one !== null) counts[one] = (counts[one] ?? 0) + 1
  return counts
}

/**
 * Deletes tokens, the one with the largest attribution first, until half of them are gone. Counts
 * the texts in which the mean log-odds on the way are lower than with tokens in random order.
 */
async function deletion(texts: readonly string[], method: Explanation['method'], context: Context) {
  const { explainer } = context
  const random = seededRandom(1)
  let [better, top, chance, least] = [0, 0, 0, 0]
  for (const text of texts) {
    const explanation = await explainer.explain({ text, method })
    const order = explanation.tokens
      .map(({ attribution }, token) => ({ attribution, token }))
      .toSorted((a, b) => b.attribution - a.attribution)
      .map(({ token }) => token)
    const along = (deleted: readonly number[]) => meanAlong(text, { explanation, deleted, context })
    const first = await along(order)
    const last = await along(order.toReversed())
    let sum = 0
    for (let i = 0; i < randomOrders; i++) sum += await along(random.shuffle([...order]))
    const randomMean = sum / randomOrders
    if (first < randomMean) better++
    top += first / texts.length
    chance += randomMean / texts.length
    least += last / texts.length
  }
  const meanLogOdds = { topFirst: top, random: chance, topLast: least }
  return { question: 'deletion', method, texts: texts.length, better, meanLogOdds }
}

/** The mean log-odds of the label while tokens are deleted in an order, up to half of them. */
async function meanAlong(
  text: string,
  path: { explanation: Explanation; deleted: readonly number[]; context: Context },
): Promise<number> {
  const { version, tokens, classifier } = path.context
  const { ids } = classifier.tokenize(text)
  const steps = Math.ceil(path.deleted.length / 2)
  const shortened = Array.from({ length: steps }, (_, at) => {
    const gone = new Set(path.deleted.slice(0, at + 1))
    return ids.filter((_id, token) => !gone.has(token - tokens.prefix))
  })
  const outcomes = await Promise.all(shortened.map((one) => classifier.classify(one)))
  const odds = outcomes.map((outcome) => {
    if (outcome.kind === 'rejected') throw new Error(outcome.error.message)
    return logOdds(outcome.logits, oddsOf(version, path.explanation.label))
  })
  return odds.reduce((sum, one) => sum + one, 0) / steps
}

function oddsOf({ manifest }: ModelVersion, label: string) {
  return {
    target: manifest.labels.indexOf(label),
    temperature: manifest.temperature,
    link: manifest.task === 'multi-label' ? ('sigmoid' as const) : ('softmax' as const),
  }
}

/** Rank correlation with Captum on the same weights, baseline and number of steps. */
async function agreement(texts: readonly string[], context: Context & { python: string }) {
  const { version, tokens, classifier, explainer, python } = context
  const explained: Explanation[] = []
  for (const text of texts) {
    explained.push(await explainer.explain({ text, method: 'integrated-gradients' }))
  }
  const dir = await mkdtemp(join(tmpdir(), 'winnow-bench-explain-'))
  try {
    const path = join(dir, 'asked.json')
    const asked = texts.map((text, at) => {
      const ids = Array.from(classifier.tokenize(text).ids)
      const { label, steps } = explained[at]!
      const baseline = ids.with(0, ids[0]!).fill(tokens.padId ?? 0, tokens.prefix, -tokens.suffix)
      return { ids, baseline, steps, target: version.manifest.labels.indexOf(label) }
    })
    // onnx reads no weights from a file with several hard links, which versions share.
    const modelPath = join(dir, 'model.onnx')
    await copyFile(version.modelPath, modelPath)
    const { manifest } = version
    if (manifest.weightsSha256 !== undefined) {
      await copyFile(join(version.dir, weightsFileName), join(dir, weightsFileName))
    }
    await writeFile(path, JSON.stringify({ modelPath, manifest, texts: asked }))
    const program = fileURLToPath(new URL('explain_captum.py', import.meta.url))
    const options = { maxBuffer: 1 << 28 }
    const { stdout } = await promisify(execFile)(python, [program, path], options)
    const rival = JSON.parse(stdout) as { versions: object; texts: RivalText[] }
    const ranks = rival.texts.map(({ attributions }, at) =>
      spearman(
        explained[at]!.tokens.map(({ attribution }) => attribution),
        attributions.slice(tokens.prefix, attributions.length - tokens.suffix),
      ),
    )
    const apart = rival.texts.map(({ logOdds: odds }, at) =>
      Math.abs(odds - explained[at]!.logOdds),
    )
    return {
      question: 'agreement with Captum',
      ...{ versions: rival.versions, texts: texts.length },
      spearman: {
        median: median(ranks),
        min: Math.min(...ranks),
        from95: ranks.filter((one) => one >= 0.95).length,
      },
      logOddsApartMax: Math.max(...apart),
    }
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** The output of explain_captum.py for one text. */
type RivalText = { readonly attributions: readonly number[]; readonly logOdds: number }

/** Spearman's rank correlation; equal values share the mean of their ranks. */
function spearman(a: readonly number[], b: readonly number[]): number {
  return pearson(ranksOf(a), ranksOf(b))
}

function ranksOf(numbers: readonly number[]): number[] {
  return numbers.map((own) => {
    const below = numbers.filter((other) => other < own).length
    const equal = numbers.filter((other) => other === own).length
    return below + (equal - 1) / 2
  })
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (one: readonly number[]) => one.reduce((sum, x) => sum + x, 0) / one.length
  const [meanA, meanB] = [mean(a), mean(b)]
  let [products, squaresA, squaresB] = [0, 0, 0]
  for (const [at, x] of a.entries()) {
    products += (x - meanA) * (b[at]! - meanB)
    squaresA += (x - meanA) ** 2
    squaresB += (b[at]! - meanB) ** 2
  }
  return products / Math.sqrt(squaresA * squaresB)
}
