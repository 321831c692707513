// A fine-tuning task for the tiny encoder, with texts that it learns to tell apart in seconds.
import { packTexts } from '../../trainers/embeddings/encoded-texts.ts'
import type { FineTuningResult, FineTuningTask } from '../../trainers/encoder/fine-tuning-task.ts'
import {
  FineTuningThread,
  type FollowedTraining,
} from '../../trainers/encoder/fine-tuning-thread.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { tinyHead, tinyWeights } from './tiny-encoder.ts'

type Changed = Partial<FineTuningTask> &
  Pick<FineTuningTask, 'train' | 'validation' | 'recipe' | 'statesDir'>

/** A task on one thread that trains every layer, unless changed. */
export function tinyTask(changed: Changed): FineTuningTask {
  return {
    weights: tinyWeights(),
    normalize: true,
    head: tinyHead(),
    frozenLayers: 0,
    toPredict: labelledTexts(9, 3).texts,
    classWeights: new Float32Array(3).fill(1),
    seed: 1,
    threads: 1,
    ...changed,
  }
}

/** Texts of 3 to 9 tokens. Each contains one of the ids 1 to 3, which decides its label. */
export function labelledTexts(count: number, seed: number): FineTuningTask['train'] {
  const random = seededRandom(seed)
  const truth = new Int32Array(count).map(() => random.below(3))
  const texts = Array.from(truth, (label) => {
    const text = Int32Array.from({ length: 3 + random.below(7) }, () => 10 + random.below(4))
    text[random.below(text.length)] = label + 1
    return text
  })
  return { texts: packTexts(texts), truth }
}

/** Runs a task in a thread of its own, which has ended before the result is there. */
export async function fineTuneInThread(
  { frozenLayers, classWeights, recipe, checkpoint, ...material }: FineTuningTask,
  followed: FollowedTraining,
): Promise<FineTuningResult> {
  const thread = new FineTuningThread(material)
  try {
    return await thread.train({ frozenLayers, classWeights, recipe, checkpoint }, followed)
  } finally {
    await thread.close()
  }
}
