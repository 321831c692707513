// `winnow bench`: runs a benchmark of bench/ by name, with its own options. It owns the list of
// benchmarks; they are programs of the repository, not of the published package.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { WinnowError } from '../../schemas/errors.ts'
import { addCommand } from '../shared-options.ts'

/** Each benchmark with what it measures. */
export const benchmarks: Readonly<Record<string, string>> = {
  latency: 'time from an event to its row, one at a time and under load',
  infer: 'speed of classification compared with ONNX Runtime alone',
  int8: 'speed and labels of an int8 version compared with fp32',
  peers: 'speed and accuracy compared with Python stacks on the same weights (needs Python)',
  'end-to-end': 'speed of the whole path from Kafka to ClickHouse compared with a bare loop',
  cascade: 'small models of cascades compared with scikit-learn (needs Python)',
  'cold-start': 'time from the start of a process to its first prediction',
  cv: 'cross-validation of the method head compared with scikit-learn (needs Python)',
  explain: 'agreement and time of explanations compared with Captum (needs Python)',
  gateway: 'events per second by HTTP compared with a bare Hono app',
  head: 'accuracy and time of the method head compared with scikit-learn (needs Python)',
  heads: 'processor time of further models over one encoder',
  labels: 'planted label errors found compared with cleanlab (needs Python)',
  stages: 'processor time per text of each stage, apart from the model',
  storage: 'bytes of a row on the disk of ClickHouse, and its share that is text',
  multilingual: 'labels of texts in languages that a model was not trained on',
  provider: 'speed of a GPU in fp32 and fp16, and agreement with the processor',
  poison: 'throughput of valid events with malformed ones among them',
  shadow: 'latency of the main path while a shadow runs',
  train: 'speed of full fine-tuning on each engine compared with PyTorch (needs Python)',
  tokenizer: 'tokens per second and thread compared with other tokenizers (Rust needs Python)',
  tune: 'best values of the samplers compared with Optuna (needs Python)',
  languages: 'language detection in short texts compared with other detectors',
}

/** Adds `bench` to the program. */
export function addBenchCommand(program: Command): void {
  const width = Math.max(...Object.keys(benchmarks).map((name) => name.length))
  const list = Object.entries(benchmarks).map(
    ([name, question]) => `  ${name.padEnd(width)}  ${question}`,
  )
  addCommand(program, {
    name: 'bench <name> [options...]',
    summary: 'run a benchmark of the repository',
    description:
      'Runs a benchmark by name and passes it the options after --. Each prints JSON; earlier results\n' +
      'and their machines are in bench/RESULTS.md. Works only in a clone of the repository.',
    examples: [
      'winnow bench infer',
      'winnow bench train -- --sides onnx,tfjs --rounds 3',
      'winnow bench end-to-end -- --data texts.jsonl.gz',
    ],
  })
    .addHelpText('after', `\nBenchmarks:\n${list.join('\n')}`)
    .action(async (name: string, options: string[]) => {
      const path = benchmarkPath(name)
      const child = spawn(process.execPath, [path, ...options], { stdio: 'inherit' })
      const [code] = (await once(child, 'exit')) as [number | null]
      if (code !== 0) {
        const status = code === null ? 'was stopped by a signal' : `ended with status ${code}`
        throw new WinnowError('benchmark_failed', `The benchmark ${name} ${status}.`)
      }
    })
}

/**
 * The path of a benchmark's program.
 *
 * @throws WinnowError `usage` for an unknown name, or without the folder bench/.
 */
export function benchmarkPath(name: string, root = new URL('../../', import.meta.url)): string {
  if (!Object.hasOwn(benchmarks, name)) {
    const known = Object.keys(benchmarks).join(', ')
    throw new WinnowError('usage', `There is no benchmark ${name}. Choose one of ${known}.`)
  }
  const path = fileURLToPath(new URL(`bench/${name}.ts`, root))
  if (existsSync(path)) return path
  const message =
    'Benchmarks are not part of the installed package: clone the repository and run them there ' +
    `(./winnow bench ${name}).`
  throw new WinnowError('usage', message)
}
