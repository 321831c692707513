// The rule by which a small model answers: its shape, and that its risk holds on new texts.
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import {
  answeredBySmall,
  chooseRule,
  fitRightCurves,
  thresholdsAt,
  type SmallPredictions,
} from './answer-rule.ts'

const random = seededRandom(7)
const uniform = (): number => random.uint32() / 2 ** 32

/** Texts of a small model that is right with the probability that it states; label 1 overstates. */
function population(texts: number): SmallPredictions & { right: boolean[] } {
  const labels = Int32Array.from({ length: texts }, () => random.below(2))
  const confidence = Float64Array.from({ length: texts }, () => 1 - 0.5 * uniform() ** 2)
  const right = Array.from(
    labels,
    (label, text) => uniform() < (label === 0 ? confidence[text]! : 0.5 + confidence[text]! / 3),
  )
  return { labels, confidence, right }
}

describe('fitRightCurves', () => {
  it('asks more of a label that overstates its confidence', () => {
    const texts = population(4_000)
    const curves = fitRightCurves(texts, { right: texts.right, labelCount: 2 })
    const [honest, overstating] = thresholdsAt(0.8, curves)
    expect(honest).toBeCloseTo(0.8, 1)
    expect(overstating ?? 1).toBeGreaterThan(honest! + 0.03)
  })

  it('gives the curve of all labels to one with few texts', () => {
    const texts = population(150)
    const curves = fitRightCurves(texts, { right: texts.right, labelCount: 3 })
    expect(curves.byLabel).toEqual([curves.all, curves.all, curves.all])
  })
})

describe('chooseRule', () => {
  const outOfFold = population(2_000)
  const curves = fitRightCurves(outOfFold, { right: outOfFold.right, labelCount: 2 })
  const choose = (risk: number, texts: number) => {
    const heldOut = population(texts)
    const lost = heldOut.right.map((isRight) => !isRight)
    return chooseRule({ ...heldOut, lost }, { curves, outOfFold, risk, confidence: 0.9 })
  }

  it('keeps the risk on new texts about as often as its confidence says', () => {
    const fresh = population(10_000)
    const rounds = 100
    let broken = 0
    for (let round = 0; round < rounds; round++) {
      const rule = choose(0.05, 600)!
      const isAnswered = answeredBySmall(fresh, rule.thresholds)
      const lost = isAnswered.filter((yes, text) => yes && !fresh.right[text]).length
      if (lost / fresh.right.length > 0.05) broken++
    }
    // 10 % are allowed; three deviations of 100 rounds are 9 % more.
    expect(broken / rounds).toBeLessThan(0.19)
  })

  it('answers more with a larger risk, and states its bound', () => {
    const [strict, lax] = [choose(0.03, 3_000)!, choose(0.1, 3_000)!]
    expect(lax.answered).toBeGreaterThan(strict.answered)
    expect(strict.bound).toBeLessThanOrEqual(0.03)
    expect(strict.bound).toBeGreaterThan(strict.lost / 3_000)
  })

  it('chooses nothing when the texts cannot show the risk', () => {
    expect(choose(0.001, 500)).toBeUndefined()
  })
})
