// Runs a command line in the process of the test: starting one takes half a second of processor
// time. Signals, input and the end of a process need one: see cli.ts.
import { vi } from 'vitest'
import { run } from '../../cli.ts'
import type { Environment, Finished } from './cli.ts'

/** Runs one command to its end. Commands must not overlap, since they share the output. */
export async function withinProcess(
  argv: readonly string[],
  { env }: { env: Environment },
): Promise<Finished> {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((part) => {
      written[name] += String(part)
      return true
    }),
  )
  for (const [name, value] of Object.entries({ NO_COLOR: '1', ...env })) vi.stubEnv(name, value)
  try {
    return { status: await run(argv), ...written }
  } finally {
    vi.unstubAllEnvs()
    for (const spy of spies) spy.mockRestore()
  }
}
