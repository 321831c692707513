// The error for a run whose record is not there.
import { WinnowError } from '../../schemas/errors.ts'
import type { RecordedRun } from '../tracking/tracked-run.ts'

/** A run that was deleted since it was listed. */
export function unreadable({ run, dir }: Pick<RecordedRun, 'run' | 'dir'>): WinnowError {
  return new WinnowError(
    'not_found',
    `The run ${run} is no longer in ${dir}; \`winnow runs list\` lists the runs.`,
  )
}
