// `winnow train --resume` and `winnow tune --resume`: replace the options of the command line with
// those that the run was started with. It owns which options may still be given; trainers/ owns the
// run's folder.
import type { Command } from 'commander'
import { ownOptions } from '../../library/training/training-request.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { findUnfinishedRun, type RunStart } from '../../trainers/runs/unfinished-run.ts'

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
