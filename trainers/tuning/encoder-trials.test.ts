// Trials of fine-tuning share a thread, tokens and states; what one gives must not depend on those
// before it, and must be what a training of its own gives.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Base } from '../../models/bases/base-store.ts'
import { smallBase } from '../../tests/support/small-base.ts'
import { sampleText } from '../../tests/support/workspace.ts'
import { describeExamples, trainingLabels, type Dataset } from '../data/dataset.ts'
import { trainEncoderOnly, withValidation } from '../encoder/train-encoder.ts'
import { encoderSettings, encoderTrials } from './encoder-trials.ts'
import type { TrialEvaluator } from './run-study.ts'
import type { TrialParameters } from './space/space.ts'

let storeDir: string
let base: Base

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-encoder-trials-'))
  base = await smallBase(storeDir)
})
afterAll(() => rm(storeDir, { recursive: true, force: true }))

function texts(): Dataset {
  const examples = Array.from({ length: 90 }, (_, number) => sampleText(number))
  return { examples, manifest: describeExamples('texts.jsonl', examples) }
}

const seed = 1
const trialsMsMax = 180_000
const common = () => ({ train: texts(), base, storeDir, seed, maxTokens: 32, workers: 1 })
const trialsOf = (): TrialEvaluator => encoderTrials({ ...common(), method: 'partial', space: [] })

async function evaluate(
  evaluator: TrialEvaluator,
  parameters: TrialParameters,
  stopAfter = Infinity,
): Promise<{ scores: unknown; epochs: unknown[] }> {
  const epochs: unknown[] = []
  const { scores } = await evaluator.evaluate(parameters, {
    number: 1,
    onEpoch: (epoch) => (epochs.push(epoch) < stopAfter ? 'continue' : 'stop'),
    onRestart: () => undefined,
    pruned: new AbortController().signal,
  })
  return { scores, epochs }
}

const parameters = { epochs: 3, dropout: 0.2, lr: 2e-3, 'label-smoothing': 0.1 }

test(
  'a trial scores what a training of its own does, whatever ran before it',
  { timeout: trialsMsMax },
  async () => {
    const first = trialsOf()
    const alone = await evaluate(first, parameters)
    await first.close?.()
    expect(alone.epochs).toHaveLength(3)

    const { method, recipe } = encoderSettings('partial', parameters)
    const { evaluated } = await trainEncoderOnly({
      ...common(),
      ...withValidation(common(), seed),
      dataset: texts(),
      labels: trainingLabels(texts()),
      method,
      recipe,
      name: 'alone',
    })
    const { accuracy, macroF1, logLoss } = evaluated.evaluation
    expect(alone.scores).toEqual({ accuracy, macro_f1: macroF1, log_loss: logLoss })

    const evaluator = trialsOf()
    const others: [TrialParameters, number?][] = [
      [{ epochs: 2, lr: 5e-3, batch: 16, contrast: 0 }],
      // One that is pruned, one that diverges, and one that cuts texts shorter.
      [{ epochs: 9, lr: 1e-3 }, 1],
      [{ epochs: 2, lr: 1e30, 'head-lr': 1e30 }],
      [{ epochs: 1, 'max-tokens': 6 }],
    ]
    const outcomes: string[] = []
    for (const [other, stopAfter] of others) {
      outcomes.push(
        await evaluate(evaluator, other, stopAfter).then(
          ({ epochs }) => `${epochs.length} epochs`,
          (error: unknown) => (error as { code: string }).code,
        ),
      )
    }
    expect(outcomes).toEqual(['2 epochs', '1 epochs', 'training_diverged', '1 epochs'])
    expect(await evaluate(evaluator, parameters)).toEqual(alone)
    // What is closed opens again.
    await evaluator.close?.()
    expect(await evaluate(evaluator, parameters)).toEqual(alone)
    await evaluator.close?.()
  },
)
