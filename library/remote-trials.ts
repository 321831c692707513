// Trials of a tune on workers (`winnow train-worker`) that it reaches through Kafka. It is loaded
// only when they are asked for, since trials in one process need no network clients.
import { createKafka, pingBroker } from '../infra/kafka/kafka.ts'
import type { Base } from '../models/bases/base-store.ts'
import { openRunCoordinator } from '../serving/remote-workers.ts'
import type { Dataset } from '../trainers/data/dataset.ts'
import { checkedMaxTokens } from '../trainers/embeddings/training-limits.ts'
import type { StudyStart } from '../trainers/tuning/journal.ts'
import type { TrialEvaluator } from '../trainers/tuning/run-study.ts'
import { packDataset } from '../trainers/workers/packed-texts.ts'
import { remoteTrials } from '../trainers/workers/remote-trials.ts'
import type { Context } from './context.ts'

/** Checks that Kafka can be reached, before anything is read. Throws broker_unavailable. */
export async function checkRemote({ config }: Context): Promise<void> {
  await pingBroker(createKafka(config))
}

/** What trials on workers need to know of a study. */
export type RemoteStudy = {
  readonly start: StudyStart
  readonly train: Dataset
  readonly base: Base
  readonly maxTokens: number | undefined
  readonly signal: AbortSignal | undefined
}

/** Trials on workers; the caller closes them. */
export type RemoteTrials = { readonly evaluator: TrialEvaluator; close(): Promise<void> }

/** Opens the coordinator of a study, and writes the training texts where workers find them. */
export async function openRemoteTrials(
  { config, paths, note }: Context,
  { start, train, base, maxTokens, signal }: RemoteStudy,
): Promise<RemoteTrials> {
  const { run, method, space, seed } = start
  const storeDir = paths.store
  const opened = await openRunCoordinator({ config, storeDir, run, note })
  try {
    const data = await packDataset(train, { storeDir, objects: opened.objects }, signal)
    const { name, modelSha256, tokenizerSha256 } = base
    const evaluator = remoteTrials(opened.coordinator, {
      data,
      method,
      seed,
      space,
      base: { name, modelSha256, tokenizerSha256 },
      maxTokens: checkedMaxTokens(base, maxTokens),
      // As when the study began: their number changes the last bits of a training.
      threads: start.request['workers'] as number,
      isTimed: start.metrics?.includes('ms_per_text') ?? false,
    })
    return { evaluator, close: () => opened.close() }
  } catch (error) {
    // What failed first matters.
    await opened.close().catch(() => undefined)
    throw error
  }
}
