// The rival of `bench/tune.ts`: Optuna's samplers, asked for one trial after the other in a process
// of their own (tune_optuna.py).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { SearchSpace, TrialParameters } from '../../trainers/tuning/space/space.ts'

/** A suggestion, and the CPU seconds that the study has spent on suggestions. */
export type Suggestion = { readonly parameters: TrialParameters; readonly cpuSeconds: number }

export type Optuna = {
  readonly versions: Readonly<Record<string, string>>
  /** Begins a study and gives its first trial. */
  readonly begin: (study: {
    sampler: string
    seed: number
    space: SearchSpace
  }) => Promise<Suggestion>
  /** Tells the value of the last trial and gives the next one. */
  readonly next: (value: number) => Promise<Suggestion>
  readonly close: () => Promise<void>
}

/** Starts the process; the caller closes it. */
export async function openOptuna(python: string, autoSampler: string | undefined): Promise<Optuna> {
  const script = fileURLToPath(new URL('../tune_optuna.py', import.meta.url))
  const auto = autoSampler === undefined ? [] : ['--auto-sampler', autoSampler]
  const child = spawn(python, [script, ...auto], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const read = async (): Promise<unknown> => {
    const line = await lines.next()
    if (line.done === true) throw new Error('Optuna ended; its message stands above.')
    return JSON.parse(line.value)
  }
  const ask = async (message: object): Promise<Suggestion> => {
    child.stdin.write(`${JSON.stringify(message)}\n`)
    return (await read()) as Suggestion
  }
  return {
    versions: (await read()) as Record<string, string>,
    begin: ask,
    next: (value) => ask({ value }),
    async close() {
      child.stdin.end()
      await exited
    },
  }
}
