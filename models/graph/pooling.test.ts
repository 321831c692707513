// Pooling by the first token: values and gradients, on both engines.
import { describe, expect, it } from 'vitest'
import { onnxEngine, tfjsEngine, type Feeds } from '../../tests/support/graph-engines.ts'
import { tinyHead, tinyHidden, tinyWeights } from '../../tests/support/tiny-encoder.ts'
import { buildEncoder, buildHiddenStates, classifierLogits } from './encoder.ts'
import { gradientsOf } from './tensors/gradient.ts'
import * as op from './tensors/operations.ts'
import type { Pooling } from './pooling.ts'
import { GraphBuilder, type Value } from './tensors/tensor-graph.ts'

const texts: Feeds = {
  input_ids: { elements: Int32Array.of(2, 7, 9, 3, 2, 11, 3, 0), shape: [2, 4] },
  lengths: { elements: Int32Array.of(4, 3), shape: [2] },
}

describe.each([onnxEngine, tfjsEngine])('cls pooling on $name', ({ open }) => {
  it('gives the hidden states of the first tokens', async () => {
    const options = { padding: 'lengths', normalize: false } as const
    const encoder = await open(buildEncoder(tinyWeights(), { ...options, pooling: 'cls' }))
    const states = await open(buildHiddenStates(tinyWeights(), options))
    const { embedding } = await encoder.run(texts)
    const { states: all } = await states.run(texts)
    const perText = 4 * tinyHidden
    const firsts = [0, perText].flatMap((at) => all!.numbers.slice(at, at + tinyHidden))
    expect(embedding!.shape).toEqual([2, tinyHidden])
    expect(embedding!.numbers).toEqual(firsts.map((x) => expect.closeTo(x, 5) as number))
    await encoder.close()
    await states.close()
  })

  it('has the gradient that finite differences show, which differs from that of the mean', async () => {
    const cls = await lossAndGradient('cls', 0)
    expect(cls.gradient).not.toBeCloseTo((await lossAndGradient('mean', 0)).gradient, 4)
    const [above, below] = [await lossAndGradient('cls', 0.01), await lossAndGradient('cls', -0.01)]
    expect(cls.gradient).toBeCloseTo((above.loss - below.loss) / 0.02, 4)
  })

  /**
   * The loss with the first layer's output bias moved by `moved`, and its gradient in that
   * direction.
   */
  async function lossAndGradient(
    pooling: Pooling,
    moved: number,
  ): Promise<{ loss: number; gradient: number }> {
    const weights = tinyWeights()
    const bias = weights.layers[0]!.outputNorm.bias
    bias.forEach((x, i) => (bias[i] = x + moved * (i % 2 === 0 ? 1 : -1)))
    const graph = new GraphBuilder({ parameters: 'inputs' })
    const logits = classifierLogits(graph, weights, {
      head: tinyHead(),
      normalize: true,
      pooling,
      frozenLayers: 0,
      attention: 'decomposed',
      dropout: (x: Value): Value => x,
    })
    const likely = op.logSoftmax(graph, logits)
    const loss = op.reduceSum(graph, likely, { axes: [0, 1], keepDims: false })
    graph.output('loss', loss)
    const moving = graph.parameters.find(({ elements }) => elements === bias)!
    const [dBias] = gradientsOf(graph, loss, [moving.value])
    graph.output('dBias', dBias!)
    const feeds = graph.parameters.map(({ value, elements, shape }) => [
      value.name,
      { elements, shape },
    ])
    const session = await open(graph.finish())
    const found = await session.run({ ...texts, ...Object.fromEntries(feeds) } as Feeds)
    await session.close()
    const along = found['dBias']!.numbers.reduce((sum, x, i) => sum + (i % 2 === 0 ? x : -x), 0)
    return { loss: found['loss']!.numbers[0]!, gradient: along }
  }
})
