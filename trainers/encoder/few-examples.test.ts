// When a data set counts as few-shot, and how the recipe then differs.
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../data/dataset.ts'
import { recipeFor } from './few-examples.ts'
import { defaultRecipe, partialRecipe } from './fine-tuning-task.ts'

/** A data set with the given number of examples per label; the texts do not matter. */
function datasetOf(counts: readonly number[], task?: 'multi-label'): Dataset {
  const labels = Object.fromEntries(counts.map((count, i) => [`label ${i}`, count]))
  const examples = counts.flatMap((count, i) =>
    Array.from({ length: count }, () => ({ text: 'a text', label: `label ${i}` })),
  )
  return {
    examples,
    manifest: { source: 'test', examples: examples.length, labels, sha256: '', task },
  }
}

const full = { method: 'full' } as const
const partial = { method: 'partial' } as const

describe('recipeFor', () => {
  it('is the default recipe if the median label has enough examples', () => {
    expect(recipeFor(datasetOf([3, 65, 900]), full)).toEqual(defaultRecipe)
    expect(recipeFor(datasetOf([3, 6_500, 900]), partial)).toEqual(partialRecipe)
    expect(recipeFor(datasetOf([3, 65, 900]), { ...full, given: { epochs: 2 } })).toEqual({
      ...defaultRecipe,
      epochs: 2,
    })
  })

  it('has no early stop by default, because rates fall until the last epoch', () => {
    for (const method of ['full', 'partial'] as const) {
      const { epochs, patienceEpochs } = recipeFor(datasetOf([3, 65, 900]), { method })
      expect(patienceEpochs).toBeGreaterThanOrEqual(epochs)
    }
  })

  it('trains upper layers for more epochs on a small data set', () => {
    // 4,000 examples are 125 steps per epoch, 968 are 31.
    const epochsOf = (counts: number[]) => recipeFor(datasetOf(counts), partial).epochs
    expect([epochsOf([2_000, 2_000]), epochsOf([3, 65, 900])]).toEqual([4, 5])
    const given = { ...partial, given: { epochs: 1 } }
    expect(recipeFor(datasetOf([3, 65, 900]), given).epochs).toBe(1)
  })

  it('trains on few examples for more epochs, without an early stop, with the contrastive loss', () => {
    const recipe = recipeFor(datasetOf([16, 16, 900]), partial)
    // 932 examples are 30 steps per epoch.
    expect(recipe).toEqual({
      ...defaultRecipe,
      epochs: 5,
      patienceEpochs: 5,
      contrastWeight: 1,
      encoderRate: 1e-4,
    })
    expect(recipeFor(datasetOf([64, 64]), full)).toMatchObject({ epochs: 38, patienceEpochs: 38 })
    expect(recipeFor(datasetOf([8, 8]), full)).toMatchObject({ epochs: 40, patienceEpochs: 40 })
  })

  it('uses the given settings', () => {
    const given = { epochs: 3, patienceEpochs: 1, contrastWeight: 0, encoderRate: 3e-5 }
    expect(recipeFor(datasetOf([8, 8]), { ...full, given })).toEqual({
      ...defaultRecipe,
      ...given,
    })
  })

  it('has no contrastive loss for multi-label data', () => {
    expect(recipeFor(datasetOf([8, 8], 'multi-label'), full).contrastWeight).toBe(0)
  })
})
