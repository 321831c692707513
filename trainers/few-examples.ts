// The recipe of fine-tuning where labels have few examples: more passes over them, and a contrastive loss
// that learns from every pair. It owns when examples are few and what changes then.
import type { Dataset } from './dataset.ts'
import { defaultRecipe, partialRecipe, type Recipe } from './fine-tuning-task.ts'

/** Examples of the label in the middle up to which they are few. */
const fewMax = 64
/** Steps that few examples are trained for, as far as passes over them allow. */
const stepsMin = 150
const epochsMax = 40
/** Their rate of the encoder, lower than usual. */
const fewEncoderRate = 1e-4
/** Steps of partial training on more than a few, up to the epochs of full training. */
const partialStepsMin = 400

/** Settings that somebody asked for. */
export type GivenRecipe = { readonly [Setting in keyof Recipe]?: Recipe[Setting] | undefined }

/**
 * The default recipe of the method with what was asked for. With few examples a label, what was not asked for is other
 * than usual, from that of full training: the supervised contrastive loss (Khosla et al. 2020) counts as much as the entropy, which
 * gives each text as many lessons as it has likes, as in SetFit (Tunstall et al. 2022, arXiv:2209.11055);
 * there are more epochs, and none is the last before its time, since the few examples held out hardly tell
 * one from another.
 */
export function recipeFor(
  train: Dataset,
  { method, given = {} }: { method: 'partial' | 'full'; given?: GivenRecipe | undefined },
): Recipe {
  const settings: [string, unknown][] = Object.entries(given)
  const asked = settings.filter(([, value]) => value !== undefined)
  const isFew = hasFewExamples(train)
  const usual = method === 'partial' && !isFew ? partialRecipe : defaultRecipe
  const recipe = { ...usual, ...(Object.fromEntries(asked) as Partial<Recipe>) }
  const epochsFor = (steps: number): number =>
    Math.ceil(steps / Math.ceil(train.examples.length / recipe.batchTexts))
  if (!isFew) {
    // A small set would end before its rates have risen.
    const wanted = Math.min(epochsFor(partialStepsMin), defaultRecipe.epochs)
    const epochs = given.epochs ?? Math.max(recipe.epochs, wanted)
    return method === 'partial' ? { ...recipe, epochs } : recipe
  }
  const wanted = epochsFor(stepsMin)
  const epochs = given.epochs ?? Math.min(epochsMax, Math.max(recipe.epochs, wanted))
  return {
    ...{ ...recipe, epochs, encoderRate: given.encoderRate ?? fewEncoderRate },
    ...{ patienceEpochs: given.patienceEpochs ?? epochs },
    // Sets of labels have no likes.
    contrastWeight: given.contrastWeight ?? (train.manifest.task === 'multi-label' ? 0 : 1),
  }
}

function hasFewExamples({ manifest }: Dataset): boolean {
  const counts = Object.values(manifest.labels).toSorted((a, b) => a - b)
  return counts[Math.floor(counts.length / 2)]! <= fewMax
}
