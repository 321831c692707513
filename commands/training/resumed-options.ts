// `winnow train --resume` and `winnow tune --resume`: replace the options of the command line with
// those that the run was started with. It owns which options may still be given; trainers/ owns the
// run's folder.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { WinnowError } from '../../schemas/errors.ts'
import { parseDatasetSource } from '../../trainers/files/dataset-source.ts'
import { findUnfinishedRun, type RunStart } from '../../trainers/runs/unfinished-run.ts'

/** Options that say how to run, not what: never stored, and allowed with --resume. */
const ownOptions = ['config', 'profile', 'set', 'json', 'resume']

/**
 * Finds the run that `--resume RUN`, or `--resume --name NAME`, means.
 *
 * @throws WinnowError `usage` for options that cannot be combined with it, `resume_refused` if
 * there is no such run.
 */
export async function runToResume(
  command: Command,
  options: { resume: string | true; name?: string | undefined; storeDir: string },
): Promise<RunStart> {
  const { resume, name, storeDir } = options
  refuseBesideResume(command, resume === true ? ['name'] : [])
  if (resume !== true) return findUnfinishedRun(storeDir, { run: resume })
  if (name === undefined) {
    throw new WinnowError(
      'usage',
      'Name the run to resume: --resume RUN, or --resume --name NAME for the latest of a model.',
    )
  }
  return findUnfinishedRun(storeDir, { name })
}

/**
 * Refuses options on the command line that a resumed run has from its start.
 *
 * @throws WinnowError `usage`.
 */
export function refuseBesideResume(command: Command, allowed: readonly string[]): void {
  const [first] = Object.keys(command.opts()).filter(
    (option) =>
      command.getOptionValueSource(option) === 'cli' &&
      !ownOptions.includes(option) &&
      !allowed.includes(option),
  )
  if (first === undefined) return
  const flag = first.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new WinnowError('usage', `--${flag} cannot be changed when a run is resumed; leave it out.`)
}

/** The options to store, so that the same run can be requested from any folder. */
export function requestOf(
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const kept = Object.entries(options).filter(([name]) => !ownOptions.includes(name))
  return Object.fromEntries(
    kept.map(([name, value]) => [name, sourceOptions.has(name) ? absolute(value) : value]),
  )
}

const sourceOptions: ReadonlySet<string> = new Set(['data', 'test', 'validation'])

function absolute(source: unknown): unknown {
  if (typeof source !== 'string') return source
  return 'path' in parseDatasetSource(source) ? resolve(source) : source
}
