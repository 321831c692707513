// Describes the texts that a score was measured on, for the terminal, the manifest and the report,
// because scores on texts that took part in training are too good. It owns the wording;
// evaluation.ts computes the scores.
import { counted } from '../../schemas/counted.ts'
import type { DataManifest, Dataset } from '../data/dataset.ts'

/** The kind of texts that the scores of a run were measured on. */
export type EvaluatedOn = 'test' | 'validation' | 'cross-validation'

/** The texts that an evaluation was measured on: as a code, and in words. */
export type Measured<On extends EvaluatedOn = EvaluatedOn> = {
  readonly evaluatedOn: On
  readonly measuredOn: string
}

/** The test texts if there are any, else the texts in their place; with facts for the report. */
export function measuredIn<Else extends EvaluatedOn>(
  test: Dataset | undefined,
  otherwise: readonly [evaluatedOn: Else, texts: Dataset],
): Measured<Else | 'test'> & { readonly facts: [string, string][] } {
  const [evaluatedOn, { manifest }] = test === undefined ? otherwise : (['test', test] as const)
  const measuredOn = measuredOnText({ evaluatedOn, manifest })
  const facts: [string, string][] = [['Measured on', measuredOn]]
  // The hash identifies the test texts.
  if (test !== undefined) facts.push(['SHA-256 of the test texts', manifest.sha256])
  return { evaluatedOn, measuredOn, facts }
}

/** The texts that a training run was evaluated on, such as `1,076 test texts (test.jsonl) ...`. */
export function measuredOnText(measured: {
  readonly evaluatedOn: EvaluatedOn
  /**
   * The manifest of the evaluated texts: the test set, the validation set or the training texts.
   */
  readonly manifest: DataManifest
}): string {
  const { evaluatedOn, manifest } = measured
  const { examples, source } = manifest
  switch (evaluatedOn) {
    case 'test':
      return `${counted(examples, 'test text')} (${source}) that had no part in training`
    case 'validation':
      return (
        `${counted(examples, 'validation text')} (${source}) that also chose the epoch: no test, and ` +
        'probably too good; --test measures on other texts'
      )
    case 'cross-validation':
      return (
        `cross-validation: ${counted(examples, 'training text')} (${source}), each by a head trained ` +
        'without it'
      )
  }
}

/** The data of a training run, by which `evaluate` recognises its texts. */
export type RunData = {
  readonly train: Pick<DataManifest, 'sha256' | 'read'>
  readonly validation?: Pick<DataManifest, 'sha256' | 'read'> | undefined
}

/**
 * Describes texts that the user gave to `evaluate`; `run` is the data that the model was trained
 * on, if known.
 */
export function measuredOnGiven(manifest: DataManifest, run: RunData | undefined): string {
  const texts = `${counted(manifest.examples, 'text')} of ${manifest.source}`
  const isSame = (data: RunData['validation']): boolean =>
    data !== undefined && [data.sha256, data.read?.sha256].includes(manifest.sha256)
  if (isSame(run?.train)) return `${texts}, the very texts that the model was trained on: no test`
  if (isSame(run?.validation)) return `${texts}, the validation texts that chose the epoch: no test`
  return texts
}
