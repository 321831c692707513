// Chooses the fine-tuning recipe by method and number of examples per label. Few examples get more
// epochs, and a contrastive loss that learns from every pair. fine-tuning-task.ts defines the
// settings.
import type { DataManifest } from '../data/dataset.ts'
import { defaultRecipe, partialRecipe, type Recipe } from './fine-tuning-task.ts'

/** A data set has few examples if its median label has at most this many. */
const fewExamplesMax = 64
/** The recipe for few examples, which need a lower rate. */
const fewRecipe: Recipe = { ...defaultRecipe, encoderRate: 1e-4 }
/** The steps that few examples are trained for, unless that takes more epochs than `epochsMax`. */
const fewSteps = { stepsMin: 150, epochsMax: 40 } as const
/**
 * The same for the method partial with more examples: with fewer steps, training on a small data
 * set would end while the rates still rise.
 */
const partialSteps = { stepsMin: 400, epochsMax: defaultRecipe.epochs } as const

/** The settings that the user gave. */
export type GivenRecipe = { readonly [Setting in keyof Recipe]?: Recipe[Setting] | undefined }

/** What a recipe depends on; any data set has it. */
export type ExampleCounts = {
  readonly examples: { readonly length: number }
  readonly manifest: Pick<DataManifest, 'labels' | 'task'>
}

/**
 * The recipe for a method and data set: the settings that the user gave, and defaults for the rest.
 *
 * With few examples per label, the defaults of both methods differ. The supervised contrastive loss
 * (Khosla et al. 2020, arXiv:2004.11362) counts as much as the cross-entropy. It learns from every
 * pair of texts with the same label, as SetFit does (Tunstall et al. 2022, arXiv:2209.11055). There
 * are more epochs and no early stop, because the few held-out examples hardly tell one epoch from
 * another.
 */
export function recipeFor(
  train: ExampleCounts,
  { method, given = {} }: { method: 'partial' | 'full'; given?: GivenRecipe | undefined },
): Recipe {
  const isFew = hasFewExamples(train)
  const defaults = isFew ? fewRecipe : method === 'partial' ? partialRecipe : defaultRecipe
  const settings: [string, unknown][] = Object.entries(given)
  const defined = settings.filter(([, value]) => value !== undefined)
  const recipe = { ...defaults, ...(Object.fromEntries(defined) as Partial<Recipe>) }
  if (!isFew && method === 'full') return recipe
  const { stepsMin, epochsMax } = isFew ? fewSteps : partialSteps
  const stepsPerEpoch = Math.ceil(train.examples.length / recipe.batchTexts)
  const epochsNeeded = Math.min(epochsMax, Math.ceil(stepsMin / stepsPerEpoch))
  const epochs = given.epochs ?? Math.max(recipe.epochs, epochsNeeded)
  if (!isFew) return { ...recipe, epochs }
  return {
    ...recipe,
    epochs,
    patienceEpochs: given.patienceEpochs ?? epochs,
    // Multi-label texts have no pairs with the same label.
    contrastWeight: given.contrastWeight ?? (train.manifest.task === 'multi-label' ? 0 : 1),
  }
}

function hasFewExamples({ manifest }: ExampleCounts): boolean {
  const counts = Object.values(manifest.labels).toSorted((a, b) => a - b)
  return counts[Math.floor(counts.length / 2)]! <= fewExamplesMax
}
