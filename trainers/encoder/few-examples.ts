// The recipe of fine-tuning by method and number of examples. Where labels have few, there are more
// passes over them, and a contrastive loss that learns from every pair. What the settings mean is
// fine-tuning-task.ts.
import type { Dataset } from '../data/dataset.ts'
import { defaultRecipe, partialRecipe, type Recipe } from './fine-tuning-task.ts'

/** Examples of the label in the middle up to which they are few. */
const fewMax = 64
/** Lower rates than usual suit them. */
const fewRecipe: Recipe = { ...defaultRecipe, encoderRate: 1e-4 }
/** Steps that few examples are trained for, as far as so many passes over them allow. */
const fewSteps = { stepsMin: 150, epochsMax: 40 } as const
/**
 * The same for upper layers on more than a few: a small set would end before its rates have risen.
 */
const partialSteps = { stepsMin: 400, epochsMax: defaultRecipe.epochs } as const

/** Settings that somebody asked for. */
export type GivenRecipe = { readonly [Setting in keyof Recipe]?: Recipe[Setting] | undefined }

/**
 * The default recipe of the method with what was asked for. With few examples a label, what was not
 * asked for is other than usual, whatever the method: the supervised contrastive loss (Khosla et
 * al. 2020) counts as much as the entropy, which gives each text as many lessons as it has likes,
 * as in SetFit (Tunstall et al. 2022, arXiv:2209.11055); there are more epochs, and none is the
 * last before its time, since the few examples held out hardly tell one from another.
 */
export function recipeFor(
  train: Dataset,
  { method, given = {} }: { method: 'partial' | 'full'; given?: GivenRecipe | undefined },
): Recipe {
  const isFew = hasFewExamples(train)
  const usual = isFew ? fewRecipe : method === 'partial' ? partialRecipe : defaultRecipe
  const settings: [string, unknown][] = Object.entries(given)
  const asked = settings.filter(([, value]) => value !== undefined)
  const recipe = { ...usual, ...(Object.fromEntries(asked) as Partial<Recipe>) }
  if (!isFew && method === 'full') return recipe
  const { stepsMin, epochsMax } = isFew ? fewSteps : partialSteps
  const stepsAnEpoch = Math.ceil(train.examples.length / recipe.batchTexts)
  const wanted = Math.min(epochsMax, Math.ceil(stepsMin / stepsAnEpoch))
  const epochs = given.epochs ?? Math.max(recipe.epochs, wanted)
  if (!isFew) return { ...recipe, epochs }
  return {
    ...recipe,
    epochs,
    patienceEpochs: given.patienceEpochs ?? epochs,
    // Sets of labels have no likes.
    contrastWeight: given.contrastWeight ?? (train.manifest.task === 'multi-label' ? 0 : 1),
  }
}

function hasFewExamples({ manifest }: Dataset): boolean {
  const counts = Object.values(manifest.labels).toSorted((a, b) => a - b)
  return counts[Math.floor(counts.length / 2)]! <= fewMax
}
