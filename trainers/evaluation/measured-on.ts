// What a figure was measured on, in words for the terminal, the manifest and the report: figures on
// texts that had a part in training look better than they are. It owns the words; measuring is
// evaluation.ts.
import { counted } from '../../schemas/counted.ts'
import type { DataManifest, Dataset } from '../data/dataset.ts'

/** What the evaluation of a run was measured on. */
export type EvaluatedOn = 'test' | 'validation' | 'cross-validation'

/** What an evaluation was measured on: as a code, and in words. */
export type Measured<On extends EvaluatedOn = EvaluatedOn> = {
  readonly evaluatedOn: On
  readonly measuredOn: string
}

/** The test where there is one, else the texts that took its place; with facts for the report. */
export function measuredIn<Else extends EvaluatedOn>(
  test: Dataset | undefined,
  otherwise: readonly [evaluatedOn: Else, texts: Dataset],
): Measured<Else | 'test'> & { readonly facts: [string, string][] } {
  const [evaluatedOn, { manifest }] = test === undefined ? otherwise : (['test', test] as const)
  const measuredOn = measuredOnText({ evaluatedOn, manifest })
  const facts: [string, string][] = [['Measured on', measuredOn]]
  // By its hash a test can be found again.
  if (test !== undefined) facts.push(['SHA-256 of the test texts', manifest.sha256])
  return { evaluatedOn, measuredOn, facts }
}

/** What a training run's figures were measured on, such as `1,076 test texts (test.jsonl)`. */
export function measuredOnText(measured: {
  readonly evaluatedOn: EvaluatedOn
  /** Of the texts that were measured: the test set, the validation set, or the training texts. */
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

/** The data of a run by which `evaluate` knows texts again. */
export type RunData = {
  readonly train: Pick<DataManifest, 'sha256' | 'read'>
  readonly validation?: Pick<DataManifest, 'sha256' | 'read'> | undefined
}

/**
 * The same for texts that somebody gave; `run` says what the model was trained on, where that is
 * known.
 */
export function measuredOnGiven(manifest: DataManifest, run: RunData | undefined): string {
  const texts = `${counted(manifest.examples, 'text')} of ${manifest.source}`
  const isOf = (part: RunData['validation']): boolean =>
    part !== undefined && [part.sha256, part.read?.sha256].includes(manifest.sha256)
  if (isOf(run?.train)) return `${texts}, the very texts that the model was trained on: no test`
  if (isOf(run?.validation)) return `${texts}, the validation texts that chose the epoch: no test`
  return texts
}
