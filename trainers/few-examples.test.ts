// When examples are few, and what is then other than usual.
import { describe, expect, it } from 'vitest'
import type { Dataset } from './dataset.ts'
import { recipeFor } from './few-examples.ts'
import { defaultRecipe } from './fine-tuning-task.ts'

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

describe('recipeFor', () => {
  it('is the default one where the label in the middle has enough examples', () => {
    expect(recipeFor(datasetOf([3, 65, 900]), {})).toEqual(defaultRecipe)
    expect(recipeFor(datasetOf([3, 65, 900]), { epochs: 2 })).toEqual({
      ...{ ...defaultRecipe, epochs: 2 },
    })
  })

  it('passes over few examples more often, to the end, and contrasts them', () => {
    const recipe = recipeFor(datasetOf([16, 16, 900]), {})
    // 932 examples are 30 steps an epoch.
    expect(recipe).toEqual({ ...defaultRecipe, epochs: 5, patienceEpochs: 5, contrastWeight: 1 })
    expect(recipeFor(datasetOf([64, 64]), {})).toMatchObject({ epochs: 38, patienceEpochs: 38 })
    expect(recipeFor(datasetOf([8, 8]), {})).toMatchObject({ epochs: 40, patienceEpochs: 40 })
  })

  it('takes what was asked for', () => {
    const asked = { epochs: 3, patienceEpochs: 1, contrastWeight: 0, batchTexts: 8 }
    expect(recipeFor(datasetOf([8, 8]), asked)).toEqual({ ...defaultRecipe, ...asked })
  })

  it('does not contrast sets of labels', () => {
    expect(recipeFor(datasetOf([8, 8], 'multi-label'), {}).contrastWeight).toBe(0)
  })
})
