// A folder for commands that need no server: a store with the base `tiny`, and labelled texts.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { winnow, type Environment } from './cli.ts'
import { writeTinyBase } from './tiny-base.ts'

export type OfflineFolder = {
  readonly dir: string
  /** Names the folder's store and state, and a broker that does not exist. */
  readonly env: Environment
  remove(): Promise<void>
}

/** Makes the folder; the texts are in `texts.jsonl`. */
export async function openOfflineFolder(texts: readonly object[]): Promise<OfflineFolder> {
  const dir = await mkdtemp(join(tmpdir(), 'winnow-offline-'))
  const env = {
    WINNOW_MODEL_STORE: join(dir, 'store'),
    WINNOW_STATE: join(dir, 'state'),
    WINNOW_KAFKA_BROKERS: '127.0.0.1:9',
  }
  await writeTinyBase(join(dir, 'base'))
  const pulled = await winnow(['base', 'pull', 'tiny', '--from', join(dir, 'base')], { env })
  expect(pulled, pulled.stderr).toMatchObject({ status: 0 })
  await writeFile(join(dir, 'texts.jsonl'), texts.map((text) => JSON.stringify(text)).join('\n'))
  return { dir, env, remove: () => rm(dir, { recursive: true, force: true }) }
}
