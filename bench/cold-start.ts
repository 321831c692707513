// How long does a process take from its start to its first prediction? `node bench/cold-start.ts
// [--rounds N] [--serve] [--against DIR]` puts a MiniLM classifier (fp32, 91 MB) into a new store
// and starts `winnow classify` on one text repeatedly, alternating with other checkouts (--against,
// repeatable). With --serve it also starts `winnow serve` against the running stack. Findings:
// bench/RESULTS.md.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { modelStoreDir } from '../configs/paths.ts'
import { readBertWeights } from '../models/graph/weights/bert-weights.ts'
import { buildClassifier } from '../models/graph/encoder.ts'
import { readOnnx } from '../models/graph/onnx/onnx-reader.ts'
import { writeOnnx } from '../models/graph/onnx/onnx-writer.ts'
import { writeVersion } from '../models/store/version-store.ts'
import { median, peakRss } from './measuring.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    serve: { type: 'boolean', default: false },
    against: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const root = fileURLToPath(new URL('../', import.meta.url))
const labelCount = 64

if (values.help) {
  process.stdout.write('node bench/cold-start.ts [--rounds N] [--serve] [--against DIR]...\n')
} else {
  const store = await mkdtemp(join(tmpdir(), 'winnow-cold-start-'))
  try {
    await writeModel(store)
    const report = {
      node: process.version,
      load: loadavg()[0],
      rounds,
      // The first round fills the cache of compiled code and is not counted.
      classify: await measure(['classify', '--model', 'bench'], store),
      ...(values.serve && { serve: await measure(['serve', '--port', '0', '--json'], store) }),
      parts: await measureParts(store),
    }
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
  } finally {
    await rm(store, { recursive: true })
  }
}

/**
 * The time of each checkout until its process writes to stdout; rounds alternate between checkouts.
 */
async function measure(args: readonly string[], store: string): Promise<object> {
  const trees = [root, ...values.against.map((dir) => `${resolve(dir)}/`)]
  const starts = new Map(trees.map((tree) => [tree, [] as Start[]]))
  for (let round = 0; round <= rounds; round++) {
    for (const tree of trees) {
      const start = await startOnce([`${tree}cli.ts`, ...args], store)
      if (round > 0) starts.get(tree)!.push(start)
    }
  }
  return Object.fromEntries(
    [...starts].map(([tree, all]) => [
      tree === root ? 'here' : tree,
      {
        wallMs: spread(all.map(({ wallMs }) => wallMs)),
        cpuMs: spread(all.map(({ cpuMs }) => cpuMs)),
        peakMiB: spread(all.map(({ peakBytes }) => peakBytes / 2 ** 20)),
      },
    ]),
  )
}

type Start = { readonly wallMs: number; readonly cpuMs: number; readonly peakBytes: number }

/** Starts a process, and stops it when it has written. */
async function startOnce(args: readonly string[], store: string): Promise<Start> {
  const startMs = performance.now()
  const child = startNode(args, store)
  const closed = once(child, 'close')
  child.stdin!.end('where is my parcel?\n')
  const output = await Promise.race([once(child.stdout!, 'data'), closed.then(() => undefined)])
  if (output === undefined) throw new Error(`${args.join(' ')} ended without output`)
  const wallMs = performance.now() - startMs
  const start = { wallMs, cpuMs: cpuTimeMs(child.pid!), peakBytes: peakRss(child.pid!) }
  child.kill()
  await closed
  return start
}

type Lap = { readonly part: string; readonly wallMs: number; readonly cpuMs: number }

/** The parts, one after another in one process, as bench/cold-start-parts.ts prints them. */
async function measureParts(store: string): Promise<object> {
  const laps = new Map<string, { wallMs: number[]; cpuMs: number[] }>()
  for (let round = 0; round <= rounds; round++) {
    const child = startNode([`${root}bench/cold-start-parts.ts`, store], store)
    let text = ''
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    await once(child, 'close')
    if (round === 0) continue
    for (const line of text.trimEnd().split('\n')) {
      const { part, wallMs, cpuMs } = JSON.parse(line) as Lap
      const lap = laps.get(part) ?? { wallMs: [], cpuMs: [] }
      lap.wallMs.push(wallMs)
      lap.cpuMs.push(cpuMs)
      laps.set(part, lap)
    }
  }
  return Object.fromEntries(
    [...laps].map(([part, { wallMs, cpuMs }]) => [
      part,
      { wallMs: spread(wallMs), cpuMs: spread(cpuMs) },
    ]),
  )
}

function spread(numbers: readonly number[]): { least: number; median: number; most: number } {
  const [least, middle, most] = [Math.min(...numbers), median(numbers), Math.max(...numbers)]
  return { least: Math.round(least), median: Math.round(middle), most: Math.round(most) }
}

function startNode(args: readonly string[], store: string): ChildProcess {
  return spawn(process.execPath, args, {
    env: { ...process.env, WINNOW_MODEL_STORE: store, WINNOW_INFERENCE_MODEL: 'bench' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

/** CPU time that a process has used so far, in milliseconds (Linux; ticks of 10 ms). */
function cpuTimeMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  // proc(5): utime and stime are fields 14 and 15, the state after the name is field 3.
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** A classifier whose head predicts nothing useful; its speed is that of any other. */
async function writeModel(storeDir: string): Promise<void> {
  const base = join(modelStoreDir(), 'bases', 'minilm-l6')
  const weights = readBertWeights(readOnnx(await readFile(join(base, 'model.onnx'))))
  const { hidden } = weights
  const weight = Float32Array.from({ length: hidden * labelCount }, (_, i) => Math.sin(i))
  const head = { from: hidden, to: labelCount, weight, bias: new Float32Array(labelCount) }
  const graph = buildClassifier(weights, head, { padding: 'exact', normalize: true })
  await writeVersion({
    storeDir,
    name: 'bench',
    manifest: {
      labels: Array.from({ length: labelCount }, (_, i) => `label ${i}`),
      base: 'minilm-l6',
      method: 'head',
      precision: 'fp32',
      maxTokens: 256,
      pooling: 'mean',
      hidden,
      metrics: {},
      trainingRun: null,
    },
    model: { bytes: writeOnnx(graph, { name: 'classifier' }) },
    tokenizer: { path: join(base, 'tokenizer.json') },
  })
}
