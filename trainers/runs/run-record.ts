// The record of a finished training run: its parameters, data and scores as run.json in the run's
// folder. The model store writes the model.
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere, writeWhole } from '../../models/runtime/whole-file.ts'
import type { DataManifest } from '../data/dataset.ts'
import type { EvaluatedOn } from '../evaluation/measured-on.ts'
import type { TaskEvaluation } from '../evaluation/multi-label-evaluation.ts'
import { runEnvironment, type RunEnvironment } from './run-environment.ts'
import type { SelectionRecord } from './selection-record.ts'

/** What is trained: the head only, the head with the top layers, or everything. */
export type TrainingMethod = 'head' | 'partial' | 'full'

/** The content of run.json. */
export type RunRecord = {
  readonly formatVersion: 1
  readonly run: string
  /** `name@version` of the model that the run published. */
  readonly model: string
  readonly method: TrainingMethod
  readonly base: string
  /** RFC 3339, UTC. */
  readonly started: string
  readonly seconds: number
  readonly parameters: Readonly<Record<string, unknown>>
  readonly dataManifest: {
    readonly train: DataManifest
    readonly validation?: DataManifest | undefined
    readonly test?: DataManifest | undefined
  }
  readonly evaluation: TaskEvaluation
  readonly evaluatedOn: EvaluatedOn
  /** The description of these texts. */
  readonly measuredOn: string
  readonly details: Readonly<Record<string, unknown>>
  /** How method and base were chosen, if `--method auto` chose them. */
  readonly selection?: SelectionRecord | undefined
  /** Missing in records of earlier releases. */
  readonly environment?: RunEnvironment | undefined
}

/** What a run is begun with, as soon as it has a name. */
export type RunBegun = Pick<RunRecord, 'run' | 'method' | 'started' | 'dataManifest'> & {
  /** Of the model, or of the cross-validation. */
  readonly name: string
  /** With the base; what the training chooses by itself comes at the end. */
  readonly parameters: Readonly<Record<string, unknown>>
}

/** A name for a new run that sorts by time: `20260131T120501-spam-1f9c2e`. */
export function newRunName(modelName: string, started: Date): string {
  const time = started.toISOString().replace(/[-:]|\.\d+Z$/g, '')
  return `${time}-${modelName}-${randomBytes(3).toString('hex')}`
}

/**
 * Writes `<storeDir>/runs/<run>/run.json` atomically, with the environment of this process, and
 * returns the folder.
 */
export async function writeRunRecord(storeDir: string, record: RunRecord): Promise<string> {
  const dir = join(storeDir, 'runs', record.run)
  await mkdir(dir, { recursive: true })
  const content = { environment: runEnvironment(), ...record }
  await writeWhole(join(dir, 'run.json'), `${JSON.stringify(content, null, 2)}\n`)
  return dir
}

/** The record of a run; undefined if the store does not have it. */
export async function readRunRecord(storeDir: string, run: string): Promise<RunRecord | undefined> {
  const text = await readIfThere(join(storeDir, 'runs', run, 'run.json'))
  // writeRunRecord wrote the file atomically, in this release or an earlier one.
  return text === undefined ? undefined : (JSON.parse(text) as RunRecord)
}
