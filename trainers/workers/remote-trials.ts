// The trials of a study, evaluated by workers: the same evaluator as in one process, for as many
// trials at once as there are workers.
import { WinnowError } from '../../schemas/errors.ts'
import type { TaskWork } from '../../schemas/tasks/task-records.ts'
import type { TrialEvaluator } from '../tuning/run-study.ts'
import type { TaskCoordinator } from './task-coordinator.ts'

/** Evaluates trials through a coordinator, which the caller closes. */
export function remoteTrials(
  coordinator: TaskCoordinator,
  work: Omit<Extract<TaskWork, { kind: 'trial' }>, 'kind' | 'parameters'>,
): TrialEvaluator {
  return {
    defaults: {},
    slots: coordinator.slots,
    async evaluate(parameters, { number, onEpoch, onRestart, pruned, signal }) {
      const task: TaskWork = { kind: 'trial', ...work, parameters }
      const end = await coordinator.work(number, task, { onEpoch, onRestart, pruned, signal })
      if (end.kind === 'pruned') {
        // The study takes the scores of the epoch that it decided on.
        const { scores, seconds } = end.last!
        return { scores, seconds, parameters: parameters === 'default' ? {} : parameters }
      }
      const { outcome, seconds } = end
      if (outcome.kind === 'failed') throw new WinnowError(outcome.code, outcome.message)
      const { scores, parameters: used } = outcome
      return { scores, parameters: used, seconds }
    },
  }
}
