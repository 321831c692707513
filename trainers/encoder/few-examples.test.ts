// When examples are few, and what is then other than usual.
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../data/dataset.ts'
import { recipeFor } from './few-examples.ts'
import { defaultRecipe, partialRecipe } from './fine-tuning-task.ts'

/** A data set that has so many examples of its labels; the texts do not matter. */
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
  it('is the default one where the label in the middle has enough examples', () => {
    expect(recipeFor(datasetOf([3, 65, 900]), full)).toEqual(defaultRecipe)
    expect(recipeFor(datasetOf([3, 6_500, 900]), partial)).toEqual(partialRecipe)
    expect(recipeFor(datasetOf([3, 65, 900]), { ...full, given: { epochs: 2 } })).toEqual({
      ...defaultRecipe,
      epochs: 2,
    })
  })

  it('passes over a small set more often where only the upper layers are trained', () => {
    // 4,000 examples are 125 steps an epoch, 968 are 31.
    const epochsOf = (counts: number[]) => recipeFor(datasetOf(counts), partial).epochs
    expect([epochsOf([2_000, 2_000]), epochsOf([3, 65, 900])]).toEqual([4, 5])
    const asked = { ...partial, given: { epochs: 1 } }
    expect(recipeFor(datasetOf([3, 65, 900]), asked).epochs).toBe(1)
  })

  it('passes over few examples more often, to the end, and contrasts them', () => {
    const recipe = recipeFor(datasetOf([16, 16, 900]), partial)
    // 932 examples are 30 steps an epoch.
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

  it('takes what was asked for', () => {
    const asked = { epochs: 3, patienceEpochs: 1, contrastWeight: 0, encoderRate: 3e-5 }
    expect(recipeFor(datasetOf([8, 8]), { ...full, given: asked })).toEqual({
      ...defaultRecipe,
      ...asked,
    })
  })

  it('does not contrast sets of labels', () => {
    expect(recipeFor(datasetOf([8, 8], 'multi-label'), full).contrastWeight).toBe(0)
  })
})
