// What `tune` needs of a training method: how its trials are evaluated, and how the winner is
// trained. The trials are head-trials.ts and encoder-trials.ts.
import { join } from 'node:path'
import type { Base } from '../../models/bases/base-store.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import type { Dataset } from '../data/dataset.ts'
import {
  trainEncoder,
  type TrainedEncoder,
  type TrainEncoderProgress,
} from '../encoder/train-encoder.ts'
import { trainHead, type TrainedModel, type TrainHeadProgress } from '../head/train-head.ts'
import type { RunBegun, TrainingMethod } from '../runs/run-record.ts'
import { encoderSettings, encoderTrials } from './encoder-trials.ts'
import { headSettings, headTrials } from './head-trials.ts'
import type { TrialEvaluator } from './run-study.ts'
import type { SearchSpace, TrialParameters } from './space/space.ts'

export type TunedMethodOptions = {
  readonly train: Dataset
  readonly test?: Dataset | undefined
  /** The champion that the report compares the winner with on the test texts. */
  readonly champion?: ModelVersion | undefined
  readonly space: SearchSpace
  readonly base: Base
  readonly storeDir: string
  /** Of the model. */
  readonly name: string
  readonly seed: number
  readonly maxTokens: number
  readonly workers: number
  /** Whether the time per text counts, and so is measured in each trial. */
  readonly isTimed?: boolean | undefined
  readonly onProgress?: ((progress: TrainHeadProgress | TrainEncoderProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** A method, ready for the trials and the winner of a study. */
export type TunedMethod = {
  readonly evaluator: TrialEvaluator
  /** Trains on all texts as `winnow train` does, and publishes; `{}` is the default recipe. */
  readonly train: (
    parameters: TrialParameters,
    training: {
      readonly run: string
      /** What `winnow train --resume` needs to continue the run. */
      readonly request: Readonly<Record<string, unknown>>
      readonly onBegin?: ((begun: RunBegun) => void) | undefined
    },
  ) => Promise<TrainedModel | TrainedEncoder>
}

/** The method of a name; nothing is computed before the first trial. */
export function tunedMethod(method: TrainingMethod, options: TunedMethodOptions): TunedMethod {
  // Only the winner is measured on the test texts.
  const trials = { ...options, test: undefined }
  if (method === 'head') {
    const cacheDir = join(options.storeDir, 'embeddings')
    return {
      evaluator: headTrials({ ...trials, cacheDir }),
      train: (parameters, { run, onBegin }) =>
        trainHead({ ...options, ...headSettings(parameters), run, onBegin }),
    }
  }
  return {
    evaluator: encoderTrials({ ...trials, method }),
    train: (parameters, training) =>
      trainEncoder({ ...options, ...encoderSettings(method, parameters), ...training }),
  }
}
