// Fine-tuning of a tiny encoder: it learns, is reproducible to the byte, can be cancelled, and
// names the step at which it diverges. train-encoder.test.ts trains a real base.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fineTuneInThread, labelledTexts, tinyTask } from '../../tests/support/tiny-task.ts'
import { packTexts } from '../embeddings/encoded-texts.ts'
import { defaultRecipe, type FineTuningProgress, type FineTuningTask } from './fine-tuning-task.ts'
import { fineTune } from './fine-tuning.ts'
import { isLastKept } from './epoch-choice.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-fine-tuning-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

function task(changed: Partial<FineTuningTask> = {}): FineTuningTask {
  const recipe = { ...defaultRecipe, epochs: 6, encoderRate: 1e-2, headRate: 3e-2, dropout: 0.05 }
  const texts = { train: labelledTexts(200, 1), validation: labelledTexts(60, 2) }
  return tinyTask({ ...texts, recipe, statesDir: dir, ...changed })
}

const silent = { onProgress: () => undefined, isCancelled: () => false }

/** The same as label sets: two ids stand for independent labels, the third label never applies. */
function sets(count: number, seed: number): FineTuningTask['train'] {
  const random = seededRandom(seed)
  const targets = new Uint8Array(count * 3)
  const texts = Array.from({ length: count }, (_, row) => {
    const text = Int32Array.from({ length: 6 }, () => 10 + random.below(4))
    for (const label of [0, 1]) {
      if (random.below(2) === 0) continue
      targets[row * 3 + label] = 1
      text[3 * label + random.below(3)] = label + 1
    }
    return text
  })
  return { texts: packTexts(texts), targets }
}

describe('fineTune with label sets', () => {
  it.each(['onnx', 'tfjs'] as const)(
    'learns independent labels, on %s',
    async (engine) => {
      const recipe = {
        ...task().recipe,
        epochs: 25,
        patienceEpochs: 25,
        encoderRate: 2e-2,
        dropout: 0,
      }
      const changed = { train: sets(160, 1), validation: sets(60, 2), toPredict: sets(9, 3).texts }
      const result = await fineTune(
        task({ ...changed, recipe: { ...recipe, batchTexts: 16 }, engine }),
        silent,
      )
      const best = result.epochs[result.bestEpoch - 1]!
      expect(best.accuracy).toBeGreaterThan(0.9)
      const { targets } = sets(9, 3)
      const wrong = result.predictedProbabilities.filter(
        (probability, at) => Math.abs(probability - targets![at]!) > 0.5,
      )
      expect(wrong.length).toBeLessThanOrEqual(2)
    },
    120_000,
  )
})

describe('fineTune', () => {
  it('learns, and keeps the best epoch', async () => {
    const seen: FineTuningProgress[] = []
    const long = { epochs: 30, patienceEpochs: 30, batchTexts: 16, encoderRate: 2e-2, dropout: 0 }
    const recipe = { ...task().recipe, ...long }
    const result = await fineTune(task({ recipe }), {
      ...silent,
      onProgress: (each) => seen.push(each),
    })
    const best = result.epochs[result.bestEpoch - 1]!
    expect(best.accuracy).toBeGreaterThan(0.9)
    const texts = task().validation.truth!.length
    const keptAt = result.epochs.map((_, at) => isLastKept(result.epochs.slice(0, at + 1), texts))
    expect(result.bestEpoch).toBe(keptAt.lastIndexOf(true) + 1)
    const scores = result.epochs.map(({ macroF1 }) => macroF1)
    expect(best.macroF1).toBeGreaterThan(Math.max(...scores) - 0.02)
    expect(result.predictedProbabilities).toHaveLength(9 * 3)
    const steps = seen.filter((each) => each.kind === 'step')
    expect(steps).toHaveLength(result.steps)
    expect(steps.at(-1)).toMatchObject({ step: result.steps, secondsLeft: 0 })
  })

  it('pulls texts of one label together with the contrastive loss', async () => {
    const long = { epochs: 20, patienceEpochs: 20, batchTexts: 16, encoderRate: 2e-2, dropout: 0 }
    const recipe = { ...task().recipe, ...long }
    const without = await fineTune(task({ recipe }), silent)
    const contrasting = { ...recipe, contrastWeight: 1 }
    const result = await fineTune(task({ recipe: contrasting }), silent)
    const again = await fineTune(task({ recipe: contrasting }), silent)
    expect(again.trained).toEqual(result.trained)
    const first = ({ epochs: [epoch] }: typeof result): number => epoch!.trainLoss
    // Each of 16 texts of three labels has about five of its label, so the loss is at least log(5)
    // = 1.6 higher.
    expect(first(result) - first(without)).toBeGreaterThan(0.5)
    expect(result.epochs.at(-1)!.trainLoss).toBeLessThan(first(result) - 0.3)
    expect(result.epochs[result.bestEpoch - 1]!.accuracy).toBeGreaterThan(0.6)
  })

  it.each([0, 1])('is reproducible to the byte with %d frozen layers', async (frozenLayers) => {
    const recipe = { ...task().recipe, epochs: 2 }
    const [first, again, other] = [
      await fineTune(task({ frozenLayers, recipe }), silent),
      await fineTune(task({ frozenLayers, recipe }), silent),
      await fineTune(task({ frozenLayers, recipe, seed: 2 }), silent),
    ]
    expect(again).toEqual({ ...first, stepSeconds: again.stepSeconds })
    expect(other.trained).not.toEqual(first.trained)
    const layers = [...first.trained.keys()].filter((name) => name.startsWith('layer.0/'))
    expect(layers.length > 0).toBe(frozenLayers === 0)
  })

  it('names the step at which it diverged', async () => {
    const recipe = { ...defaultRecipe, encoderRate: 1e30, headRate: 1e30 }
    await expect(fineTune(task({ recipe }), silent)).rejects.toMatchObject({
      code: 'training_diverged',
      message: expect.stringMatching(/at step \d+ of \d+: the loss is/) as string,
    })
  })
})

describe('fineTuneInThread', () => {
  it('returns the result of the thread, and the caller stays responsive', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const recipe = { ...task().recipe, epochs: 1 }
    const inThread = await fineTuneInThread(task({ recipe }), { onProgress: () => undefined })
    clearInterval(timer)
    const here = await fineTune(task({ recipe }), silent)
    expect(inThread.trained).toEqual(here.trained)
    expect(turns).toBeGreaterThan(10)
  })

  it('ends when it is cancelled', async () => {
    const abort = new AbortController()
    const training = fineTuneInThread(task(), {
      onProgress: (progress) => {
        if (progress.kind === 'step') abort.abort()
      },
      signal: abort.signal,
    })
    await expect(training).rejects.toMatchObject({ code: 'cancelled' })
  })
})
