// Fine-tuning of a tiny encoder on TensorFlow.js against ONNX Runtime: the same losses step by
// step, reproducible to the byte, without a memory leak. train-encoder.test.ts tests publishing.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinyHidden } from '../../tests/support/tiny-encoder.ts'
import { fineTuneInThread, labelledTexts, tinyTask } from '../../tests/support/tiny-task.ts'
import { GraphBuilder, type TensorGraph } from '../../models/graph/tensors/tensor-graph.ts'
import * as op from '../../models/graph/tensors/operations.ts'
import { openTfjs } from '../../models/graph/tfjs/tfjs-backend.ts'
import { defaultRecipe, type FineTuningTask, type TrainingEngine } from './fine-tuning-task.ts'
import { fineTune } from './fine-tuning.ts'
import { openTfjsStepEngine } from './tfjs-step-engine.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-tfjs-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

function task(engine: TrainingEngine, changed: Partial<FineTuningTask> = {}): FineTuningTask {
  const rates = { encoderRate: 2e-2, headRate: 3e-2 }
  const recipe = { ...defaultRecipe, ...rates, epochs: 1, batchTexts: 20, layerDecay: 0.9 }
  const texts = { train: labelledTexts(100, 1), validation: labelledTexts(40, 2) }
  return tinyTask({ ...texts, recipe, statesDir: dir, engine, ...changed })
}

/** The loss of each step, and the result of the task. */
async function losses(
  given: FineTuningTask,
): Promise<{ losses: number[]; result: Awaited<ReturnType<typeof fineTune>> }> {
  const seen: number[] = []
  const result = await fineTune(given, {
    onProgress: (progress) => {
      if (progress.kind === 'step') seen.push(progress.loss)
    },
    isCancelled: () => false,
  })
  return { losses: seen, result }
}

/**
 * The bias of keys adds the same number to all scores of a query, which softmax ignores. Its
 * gradient is therefore rounding error, which AdamW scales up to whole steps.
 */
function isKeyBias(name: string, index: number): boolean {
  return name.endsWith('projections/bias') && Math.floor(index / tinyHidden) === 1
}

describe('the engines', () => {
  it.each([0, 1])('take the same steps with %d frozen layers', async (frozenLayers) => {
    const onnx = await losses(task('onnx', { frozenLayers }))
    const tfjs = await losses(task('tfjs', { frozenLayers }))
    expect(onnx.losses.length).toBeGreaterThanOrEqual(5)
    expect(tfjs.losses).toHaveLength(onnx.losses.length)
    for (const [step, loss] of onnx.losses.entries()) {
      expect(Math.abs(tfjs.losses[step]! - loss), `step ${step + 1}`).toBeLessThan(1e-5)
    }
    for (const [name, weights] of onnx.result.trained) {
      const found = tfjs.result.trained.get(name)!
      const apart = weights.reduce((most, weight, i) => {
        if (Number.isNaN(weight) || isKeyBias(name, i)) return most
        return Math.max(most, Math.abs(found[i]! - weight))
      }, 0)
      expect(apart, name).toBeLessThan(1e-4)
    }
    const probabilities = onnx.result.predictedProbabilities
    for (const [i, probability] of probabilities.entries()) {
      expect(tfjs.result.predictedProbabilities[i]).toBeCloseTo(probability, 4)
    }
  })

  it('report their runtime', async () => {
    const { result } = await losses(task('onnx', { threads: 2 }))
    expect(result.runtime).toBe('ONNX Runtime (2 threads, int8 products)')
  })
})

describe('training on TensorFlow.js', () => {
  it('learns a hundred short texts in a thread, and reports its runtime', async () => {
    const recipe = { ...task('tfjs').recipe, epochs: 10, patienceEpochs: 10, dropout: 0 }
    const engines: string[] = []
    const result = await fineTuneInThread(task('tfjs', { recipe }), {
      onProgress: (progress) => {
        if (progress.kind === 'engine') engines.push(`${progress.engine}: ${progress.runtime}`)
      },
    })
    // Which of the late epochs is kept is not the question here.
    const accuracies = result.epochs.map(({ accuracy }) => accuracy)
    expect(Math.max(...accuracies)).toBeGreaterThan(0.7)
    expect(result.runtime).toMatch(/^TensorFlow.js, /)
    expect(engines).toEqual([`tfjs: ${result.runtime}`])
  })

  it('is reproducible to the byte', async () => {
    const [first, again] = [await losses(task('tfjs')), await losses(task('tfjs'))]
    expect(again.losses).toEqual(first.losses)
    expect(again.result.trained).toEqual(first.result.trained)
  })

  it('leaks no tensor, neither after a step nor after the run', async () => {
    const { tf } = await openTfjs()
    const before = tf.memory().numTensors
    const counts: number[] = []
    await fineTune(task('tfjs'), {
      onProgress: (progress) => {
        if (progress.kind === 'step') counts.push(tf.memory().numTensors)
      },
      isCancelled: () => false,
    })
    expect(new Set(counts).size).toBe(1)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('frees its inputs when a step fails, and refuses inputs of other types', async () => {
    const { tf } = await openTfjs()
    const before = tf.memory().numTensors
    const adam = { beta1: 0.9, beta2: 0.999, clipNorm: 1 }
    const graphs = { step: sum(), gradients: sum(), adam, evaluation: sum() }
    const engine = await openTfjsStepEngine(graphs, { threads: 1, products: 'float32' })
    const two = new Tensor('float32', Float32Array.of(1, 2), [2])
    const result = new Tensor('float32', new Float32Array(2), [2])
    await engine.step({ x: two, y: two }, { z: result })
    expect([...result.data]).toEqual([2, 4])
    await expect(engine.step({ x: two }, { z: result })).rejects.toThrow(/y is not fed/)
    await expect(engine.step({ x: two, y: two }, { w: result })).rejects.toThrow(/no output w/)
    const wide = new Tensor('int64', BigInt64Array.of(1n, 2n), [2])
    await expect(engine.predict({ x: two, y: wide }, { z: result })).rejects.toThrow(/of int64/)
    await engine.close()
    expect(tf.memory().numTensors).toBe(before)
  })
})

/** z = x + y. */
function sum(): TensorGraph {
  const graph = new GraphBuilder()
  const [x, y] = [graph.input('x', 'float32', ['n']), graph.input('y', 'float32', ['n'])]
  graph.output('z', op.add(graph, x, y))
  return graph.finish()
}
