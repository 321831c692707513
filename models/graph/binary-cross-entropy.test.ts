// The binary cross-entropy of independent labels, on both engines: its value, its gradient against
// finite differences, and its accuracy at large logits.
import { describe, expect, it } from 'vitest'
import { onnxEngine, tfjsEngine } from '../../tests/support/graph-engines.ts'
import { gradientsOf } from './tensors/gradient.ts'
import { GraphBuilder } from './tensors/tensor-graph.ts'
import { binaryCrossEntropy } from './training-step.ts'

const labelProbabilities = [1, 0, 0.9, 0.1, 0, 1]
const targets = labelProbabilities.flatMap((p) => [p / 2, (1 - p) / 2])

/** The definition of the loss, computed in float64. */
function expectedLoss(logits: readonly number[]): number {
  const log1p = (x: number): number => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(0, x)
  return logits.reduce(
    (sum, logit, at) =>
      sum + targets[2 * at]! * log1p(-logit) + targets[2 * at + 1]! * log1p(logit),
    0,
  )
}

describe.each([onnxEngine, tfjsEngine])('the binary cross-entropy, on $name', ({ open }) => {
  const run = async (logits: readonly number[]) => {
    const graph = new GraphBuilder({ parameters: 'inputs' })
    const x = graph.input('logits', 'float32', ['batch', 3])
    const loss = binaryCrossEntropy(graph, x)
    graph.output('loss', loss)
    graph.output('gradient', gradientsOf(graph, loss, [x])[0]!)
    const session = await open(graph.finish())
    const results = await session.run({
      logits: { elements: Float32Array.from(logits), shape: [2, 3] },
      targets: { elements: Float32Array.from(targets), shape: [2, 3, 2] },
    })
    await session.close()
    return { loss: results['loss']!.numbers[0]!, gradient: [...results['gradient']!.numbers] }
  }

  it('has the gradient of finite differences', async () => {
    const logits = [0.3, -1.2, 2.5, 0, -0.7, -3]
    const { loss, gradient } = await run(logits)
    expect(loss).toBeCloseTo(expectedLoss(logits), 5)
    for (const [at, found] of gradient.entries()) {
      const moved = (by: number): number =>
        expectedLoss(logits.map((logit, other) => (other === at ? logit + by : logit)))
      expect(found, `logit ${at}`).toBeCloseTo((moved(1e-4) - moved(-1e-4)) / 2e-4, 5)
    }
  })

  it('is exact where the sigmoid saturates to 0 or 1 in float32', async () => {
    const logits = [-200, 200, 90, -90, 0, 150]
    const { loss, gradient } = await run(logits)
    expect(loss).toBeCloseTo(expectedLoss(logits), 3)
    expect(gradient[0]).toBeCloseTo(-0.5, 6)
    expect(gradient[1]).toBeCloseTo(0.5, 6)
  })
})
