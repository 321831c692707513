// What decides the bytes of a fine-tuned model, as hashes by the name to show when one differs.
import type { Base } from '../../models/bases/base-store.ts'
import { sha256OfBytes } from '../../models/runtime/file-hash.ts'
import type { Dataset } from '../data/dataset.ts'
import type { RunStart } from './unfinished-run.ts'

/** What is hashed; the settings can be anything that is JSON. */
export type IdentifiedRun = {
  readonly train: Dataset
  readonly validation: Dataset
  readonly test?: Dataset | undefined
  readonly base: Base
} & Readonly<Record<'method' | 'recipe' | 'seed' | 'engine' | 'maxTokens' | 'workers', unknown>>

/** Hashes of everything that decides the bytes of the result. */
export function identityOf(options: IdentifiedRun): RunStart['identity'] {
  const { base, train, validation, test, method, recipe, seed, engine, maxTokens, workers } =
    options
  const hashOf = (value: unknown): string => sha256OfBytes(Buffer.from(JSON.stringify(value)))
  // In their order, which decides the batches.
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
