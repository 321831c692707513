// The identity of a fine-tuning run: hashes of the inputs that determine the bytes of its model.
// training-position.ts compares them when a run resumes.
import type { Base } from '../../models/bases/base-store.ts'
import { sha256OfBytes } from '../../models/runtime/file-hash.ts'
import type { Dataset } from '../data/dataset.ts'
import type { RunStart } from './unfinished-run.ts'

/** The inputs of a run. The settings may be any JSON value. */
export type IdentifiedRun = {
  readonly train: Dataset
  readonly validation: Dataset
  readonly test?: Dataset | undefined
  readonly base: Base
} & Readonly<Record<'method' | 'recipe' | 'seed' | 'engine' | 'maxTokens' | 'workers', unknown>>

/** The hash of each input that determines the result, by the name that error messages show. */
export function identityOf(options: IdentifiedRun): RunStart['identity'] {
  const { base, train, validation, test, method, recipe, seed, engine, maxTokens, workers } =
    options
  const hashOf = (value: unknown): string => sha256OfBytes(Buffer.from(JSON.stringify(value)))
  // The order counts, because it determines the batches.
  const hashOfTexts = (dataset: Dataset | undefined): string =>
    hashOf(dataset?.examples.map(({ text, label }) => [text, label]) ?? [])
  return {
    'the training data': hashOfTexts(train),
    'the validation data': hashOfTexts(validation),
    'the test data': hashOfTexts(test),
    'the base encoder': base.modelSha256,
    'the tokenizer': base.tokenizerSha256,
    'the recipe': hashOf({ method, recipe, seed, engine, maxTokens, workers }),
  }
}
