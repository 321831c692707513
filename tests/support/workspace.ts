// A separate part of the shared stack for one test file: its own topics, database, model store and
// state folder, a small trained model, and clients to check what happened.
import { constants, existsSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelStoreDir } from '../../configs/paths.ts'
import { openBase } from '../../models/bases/base-store.ts'
import { describeExamples } from '../../trainers/data/dataset.ts'
import { trainHead } from '../../trainers/head/train-head.ts'
import type { StackConnections } from '../../infra/local/services/stack-state.ts'
import { openBackends, type Backends } from './backends.ts'
import type { Environment } from './cli.ts'
import { smallBase } from './small-base.ts'

export type Workspace = Backends & {
  readonly dir: string
  readonly storeDir: string
}

/** Opens a workspace with a trained model called `test`; the caller closes it. */
export async function openWorkspace(
  stack: StackConnections,
  settings: Environment = {},
): Promise<Workspace> {
  const dir = await mkdtemp(join(tmpdir(), 'winnow-test-'))
  const storeDir = join(dir, 'models')
  const [backends] = await Promise.all([
    openBackends(stack, {
      WINNOW_INFERENCE_MODEL: 'test',
      WINNOW_GATEWAY_PORT: '0',
      WINNOW_MODEL_STORE: storeDir,
      WINNOW_STATE: join(dir, 'state'),
      // The partitions of a killed consumer move when its session ends.
      WINNOW_KAFKA_SESSION_MS_MAX: '8000',
      ...settings,
    }),
    trainTestModel(storeDir),
  ])
  return {
    ...backends,
    dir,
    storeDir,
    async close() {
      await backends.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Texts of three kinds, different for each number. */
export function sampleText(number: number): { text: string; label: string } {
  const kinds = [
    { label: 'parcel', text: `where is my parcel number ${number}, it should be here by now` },
    { label: 'refund', text: `I want my money back for order ${number}, please refund me` },
    { label: 'praise', text: `thank you, item ${number} is wonderful and I love it` },
  ]
  return kinds[number % kinds.length]!
}

/** Names a store that holds the first version of `test`, trained once per run of the tests. */
const trainedStoreVariable = 'TRAINED_TEST_STORE'

/** Trains the model `test` into `storeDir`, from where the tests of this run copy it. */
export async function trainForAllTests(storeDir: string): Promise<void> {
  await trainTestModel(storeDir)
  process.env[trainedStoreVariable] = storeDir
}

/**
 * Trains a small model, `test` by default, on sample texts into a store. `relabel` changes the
 * label of each text to make another model. `base` is for tests that depend on the size or the
 * numbers of a real encoder. The first version of `test` is copied if this run has trained it.
 */
export async function trainTestModel(
  storeDir: string,
  options: {
    name?: string
    relabel?: (label: string) => string
    base?: 'small' | 'minilm-l6'
  } = {},
): Promise<void> {
  const trained = process.env[trainedStoreVariable]
  const isPlain = Object.keys(options).length === 0
  if (trained !== undefined && isPlain && !existsSync(join(storeDir, 'versions'))) {
    // Copied, because tests damage the files.
    await cp(trained, storeDir, { recursive: true, mode: constants.COPYFILE_FICLONE })
    return
  }
  const { name = 'test', relabel = (label: string) => label, base = 'small' } = options
  const examples = Array.from({ length: 60 }, (_, number) => {
    const { text, label } = sampleText(number)
    return { text, label: relabel(label) }
  })
  // Not into `storeDir`: tests count what is there.
  const baseDir = await mkdtemp(join(tmpdir(), 'winnow-test-base-'))
  try {
    await trainHead({
      train: { examples, manifest: describeExamples('samples', examples) },
      base:
        base === 'small'
          ? await smallBase(baseDir)
          : await openBase({ name: base, storeDir: modelStoreDir() }),
      storeDir,
      name,
      maxTokens: 64,
      grid: [10],
      workers: 1,
    })
  } finally {
    await rm(baseDir, { recursive: true })
  }
}
