// The error for a run whose record is not there.
import { WinnowError } from '../../schemas/errors.ts'
import type { TrackedRun } from '../tracking/tracked-run.ts'

/** A run that was deleted since it was listed. */
export function unreadable({ run, dir }: Pick<TrackedRun, 'run' | 'dir'>): WinnowError {
  return new WinnowError(
    'not_found',
    `The run ${run} is no longer in ${dir}; \`winnow runs list\` lists the runs.`,
  )
}
