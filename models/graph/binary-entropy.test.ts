// The loss of labels that apply each by itself, on both engines: its value, its gradient against
// finite differences, and that large logits do no harm.
import { describe, expect, it } from 'vitest'
import { onnxEngine, tfjsEngine } from '../../tests/support/graph-engines.ts'
import { gradientsOf } from './tensors/gradient.ts'
import { GraphBuilder } from './tensors/tensor-graph.ts'
import { binaryEntropy } from './training-step.ts'

const shares = [1, 0, 0.9, 0.1, 0, 1]
const targets = shares.flatMap((share) => [share / 2, (1 - share) / 2])

/** In float64, as the definition has it. */
function expectedLoss(logits: readonly number[]): number {
  const log1p = (x: number): number => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(0, x)
  return logits.reduce(
    (sum, logit, at) =>
      sum + targets[2 * at]! * log1p(-logit) + targets[2 * at + 1]! * log1p(logit),
    0,
  )
}

describe.each([onnxEngine, tfjsEngine])('the binary entropy, on $name', ({ open }) => {
  const run = async (logits: readonly number[]) => {
    const graph = new GraphBuilder({ parameters: 'inputs' })
    const x = graph.input('logits', 'float32', ['batch', 3])
    const loss = binaryEntropy(graph, x)
    graph.output('loss', loss)
    graph.output('slope', gradientsOf(graph, loss, [x])[0]!)
    const opened = await open(graph.finish())
    const results = await opened.run({
      logits: { elements: Float32Array.from(logits), shape: [2, 3] },
      targets: { elements: Float32Array.from(targets), shape: [2, 3, 2] },
    })
    await opened.close()
    return { loss: results['loss']!.numbers[0]!, slope: [...results['slope']!.numbers] }
  }

  it('has the gradient of finite differences', async () => {
    const logits = [0.3, -1.2, 2.5, 0, -0.7, -3]
    const { loss, slope } = await run(logits)
    expect(loss).toBeCloseTo(expectedLoss(logits), 5)
    for (const [at, found] of slope.entries()) {
      const moved = (by: number): number =>
        expectedLoss(logits.map((logit, other) => (other === at ? logit + by : logit)))
      expect(found, `logit ${at}`).toBeCloseTo((moved(1e-4) - moved(-1e-4)) / 2e-4, 5)
    }
  })

  it('stays exact where a sigmoid is 0 or 1 in float32', async () => {
    const logits = [-200, 200, 90, -90, 0, 150]
    const { loss, slope } = await run(logits)
    expect(loss).toBeCloseTo(expectedLoss(logits), 3)
    expect(slope[0]).toBeCloseTo(-0.5, 6)
    expect(slope[1]).toBeCloseTo(0.5, 6)
  })
})
