// A run of cross-validation on disk, beside the runs of `train`: cv.json in a folder of its own.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere, writeWhole } from '../../models/runtime/whole-file.ts'
import type { DataManifest } from '../data/dataset.ts'
import type { Measured } from '../evaluation/measured-on.ts'
import type { TaskEvaluation } from '../evaluation/multi-label-evaluation.ts'
import { runEnvironment, type RunEnvironment } from '../runs/run-environment.ts'
import type { TrainingMethod } from '../runs/run-record.ts'
import type { RecipeComparison } from './compare-recipes.ts'
import type { FoldPlan } from './fold-plan.ts'
import type { JudgedFold, SummarizedScores } from './fold-scores.ts'

/** The JSON of the command `cv`. */
export type CrossValidated = SummarizedScores & {
  readonly run: string
  /** Cross-validation measures a recipe and leaves no model. */
  readonly model: null
  readonly method: TrainingMethod
  readonly labels: readonly string[]
  readonly examples: number
  /** RFC 3339, UTC. */
  readonly started: string
  readonly seconds: number
  /** Tokens that the folds trained on by the seconds of the whole run. */
  readonly tokensPerSecond: number
  /** Of all out-of-fold predictions together, of the first repeat. */
  readonly metrics: TaskEvaluation & Measured<'cross-validation'>
  readonly dataManifest: { readonly train: DataManifest }
  readonly parameters: Readonly<Record<string, unknown>>
  readonly folds: readonly JudgedFold[]
  readonly foldPlan: FoldPlan
  readonly comparison?: RecipeComparison | undefined
  readonly runDir: string
}

/** Everything that is kept about a run. */
export type CvRecord = Omit<CrossValidated, 'runDir'> & {
  readonly formatVersion: 1
  readonly kind: 'cv'
  /** Missing in records of earlier releases. */
  readonly environment?: RunEnvironment | undefined
}

const fileName = 'cv.json'

/**
 * Writes `<storeDir>/runs/<run>/cv.json` whole, with the environment of this process, and gives the
 * folder.
 */
export async function writeCvRecord(storeDir: string, record: CvRecord): Promise<string> {
  const dir = join(storeDir, 'runs', record.run)
  await mkdir(dir, { recursive: true })
  const content = { environment: runEnvironment(), ...record }
  await writeWhole(join(dir, fileName), `${JSON.stringify(content, null, 2)}\n`)
  return dir
}

/** The record of a run; undefined where the store has none. */
export async function readCvRecord(storeDir: string, run: string): Promise<CvRecord | undefined> {
  const text = await readIfThere(join(storeDir, 'runs', run, fileName))
  // Written whole by writeCvRecord.
  return text === undefined ? undefined : (JSON.parse(text) as CvRecord)
}
