// The supervised contrastive loss against the formula in float64, its gradient against central
// differences of that formula, and a batch in which one text is alone with its label.
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contrastiveLoss } from './contrastive-loss.ts'
import { gradientsOf } from './tensors/gradient.ts'
import { writeOnnx } from './onnx/onnx-writer.ts'
import { GraphBuilder } from './tensors/tensor-graph.ts'

const temperature = 0.3
const width = 3

let session: InferenceSession
beforeAll(async () => {
  const graph = new GraphBuilder()
  const embedding = graph.input('embedding', 'float32', ['batch', width])
  const loss = contrastiveLoss(graph, embedding, { temperature })
  graph.output('loss', loss)
  graph.output('gradient', gradientsOf(graph, loss, [embedding])[0]!)
  session = await InferenceSession.create(writeOnnx(graph.finish(), { name: 'contrast' }))
})
afterAll(() => session.release())

/** Sum over pairs of weight * -log(exp(s_ij) / sum of exp(s_ik) over k other than i). */
function expectedLoss(rows: readonly number[][], targets: readonly number[][]): number {
  const unit = rows.map((row) => row.map((x) => x / Math.hypot(...row)))
  const similarity = unit.map((a) =>
    unit.map((b) => a.reduce((sum, x, i) => sum + x * b[i]!, 0) / temperature),
  )
  let loss = 0
  for (const [i, row] of similarity.entries()) {
    const others = row.reduce((sum, s, k) => (k === i ? sum : sum + Math.exp(s)), 0)
    for (const [j, s] of row.entries()) {
      if (j !== i) loss -= targets[i]![j]! * (s - Math.log(others))
    }
  }
  return loss
}

async function run(
  rows: readonly number[][],
  targets: readonly number[][],
): Promise<{ loss: number; gradient: Float32Array }> {
  const batch = rows.length
  const square = (numbers: readonly number[]): Tensor =>
    new Tensor('float32', Float32Array.from(numbers), [batch, batch])
  const mask = Array.from({ length: batch ** 2 }, (_, i) => (i % (batch + 1) === 0 ? -10_000 : 0))
  const results = await session.run({
    embedding: new Tensor('float32', Float32Array.from(rows.flat()), [batch, width]),
    pair_mask: square(mask),
    pair_targets: square(targets.flat()),
  })
  return {
    loss: (results['loss']!.data as Float32Array)[0]!,
    gradient: results['gradient']!.data as Float32Array,
  }
}

const rows = [
  [0.3, -1, 0.5],
  [1.2, 0.4, -0.7],
  [-0.2, 0.9, 0.8],
  [0.6, -0.5, 1.1],
]
const targets = [
  [0, 0.1, 0, 0.15],
  [0.2, 0, 0, 0.05],
  [0, 0, 0, 0],
  [0.25, 0.25, 0, 0],
]

describe('contrastiveLoss', () => {
  it('equals the formula', async () => {
    expect((await run(rows, targets)).loss).toBeCloseTo(expectedLoss(rows, targets), 5)
  })

  it('has the gradient that finite differences of the formula show', async () => {
    const { gradient } = await run(rows, targets)
    for (let i = 0; i < gradient.length; i++) {
      const moved = (by: number): number => {
        const copy = rows.map((row) => [...row])
        copy[Math.floor(i / width)]![i % width]! += by
        return expectedLoss(copy, targets)
      }
      expect(gradient[i]).toBeCloseTo((moved(1e-4) - moved(-1e-4)) / 2e-4, 3)
    }
  })

  it('falls when texts with the same label move closer together', async () => {
    const pairs = [
      [0, 1, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 1],
      [0, 0, 1, 0],
    ]
    const near = [rows[0]!, rows[0]!.map((x) => x * 2), rows[2]!, rows[2]!]
    expect((await run(near, pairs)).loss).toBeLessThan((await run(rows, pairs)).loss)
  })
})
