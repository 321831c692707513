// `winnow bench`: runs a benchmark of bench/ by name, with its own options. It owns the list and its
// sentences; benchmarks are programs of the repository and are no part of the published package.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { WinnowError } from '../schemas/errors.ts'
import { addCommand } from './shared-options.ts'

/** Each benchmark with the question that it answers. */
export const benchmarks: Readonly<Record<string, string>> = {
  infer: "how much of the runtime's own speed classification keeps",
  'end-to-end': 'how much of a bare loop the whole path keeps, from Kafka to ClickHouse',
  'cold-start': 'how long a process takes from its start to its first prediction',
  head: 'whether the method head reaches scikit-learn (needs Python)',
  poison: 'what malformed events cost the throughput of good ones',
  shadow: 'what a shadow costs the latency of the main path',
  train: 'how fast full fine-tuning is beside PyTorch, and on each engine (needs Python)',
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
      'Runs a benchmark by name. What follows -- are its own options. Each prints JSON; what was\n' +
      'measured before, and on what, is in bench/RESULTS.md. Works in a clone of the repository only.',
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
 * The program of a benchmark.
 *
 * @throws WinnowError `usage` for a name that there is not, and where there is no bench/.
 */
export function benchmarkPath(name: string, root = new URL('../', import.meta.url)): string {
  if (!Object.hasOwn(benchmarks, name)) {
    const known = Object.keys(benchmarks).join(', ')
    throw new WinnowError('usage', `There is no benchmark ${name}; there are ${known}.`)
  }
  const path = fileURLToPath(new URL(`bench/${name}.ts`, root))
  if (existsSync(path)) return path
  const message =
    'Benchmarks are not part of the installed package: clone the repository and run them there ' +
    `(./winnow bench ${name}).`
  throw new WinnowError('usage', message)
}
