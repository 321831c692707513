// What the image is tested with: an embedded stack on free ports, a model store with one small
// model, and the secrets of docker-compose.yml.
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheDir } from '../../../configs/paths.ts'
import { identityOf, writePidFile } from '../../../infra/local/services/pid-file.ts'
import { connectionsOf } from '../../../infra/local/services/stack-state.ts'
import { startStack, stopStack } from '../../../infra/local/supervisor.ts'
import { connectionVariables } from '../../support/backends.ts'
import { winnow, type Environment } from '../../support/cli.ts'
import { sampleText } from '../../support/workspace.ts'
import type { Places } from './compose.ts'

export type Ground = {
  /** For a command on this machine. */
  readonly env: Environment
  /** For a process in the container: addresses only, because its credentials are secrets. */
  readonly addresses: Environment
  readonly places: Places
  readonly keys: { readonly caller: string; readonly metrics: string }
  /** Trains the next version of `mail` on this machine, in the store that the container imports. */
  train(): Promise<void>
  close(): Promise<void>
}

/** The prefix of tests/global-stack.ts, which stops what a killed run left behind. */
const prefix = 'winnow-test-stack-'
const trainingTexts = 60

/**
 * Starts the stack and trains the model `mail`; the caller closes it. `owner` owns the folder of
 * models.
 */
export async function openGround(owner: { uid: number; gid: number }): Promise<Ground> {
  const dir = await mkdtemp(join(tmpdir(), prefix))
  const identity = await identityOf(process.pid)
  if (identity !== undefined) await writePidFile(join(dir, 'owner.pid'), identity)
  const close = async () => {
    await stopStack({ stateDir: dir })
    await rm(dir, { recursive: true, force: true })
  }
  try {
    const ports = { kafka: 0, registry: 0, analytics: 0 }
    const [state] = await Promise.all([
      startStack({ stateDir: dir, cacheDir: cacheDir(), ports }),
      trainModel(dir),
    ])
    const connections = connectionsOf(state)
    const env = { ...connectionVariables(connections), WINNOW_STATE: dir }
    const { WINNOW_CLICKHOUSE_PASSWORD: password, ...others } = connectionVariables(connections)
    const addresses = Object.fromEntries(
      Object.entries(others).filter(([name]) => name !== 'WINNOW_CLICKHOUSE_USERNAME'),
    )
    const models = join(dir, 'volume')
    await mkdir(models)
    await chown(models, owner.uid, owner.gid)
    const secrets = join(dir, 'secrets')
    const keys = await writeSecrets(secrets, password!)
    const places = { models, secrets, import: join(dir, 'import') }
    return { env, addresses, places, keys, train: () => trainModel(dir), close }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * As infra/README.md says. The texts are next to the store, so that the gate can compare versions.
 */
async function trainModel(dir: string): Promise<void> {
  await mkdir(join(dir, 'import'), { recursive: true })
  const file = join(dir, 'import', 'mail.jsonl')
  const lines = Array.from({ length: trainingTexts }, (_, number) =>
    JSON.stringify(sampleText(number)),
  )
  await writeFile(file, lines.join('\n'))
  const args = ['train', '--data', file, '--name', 'mail', '--method', 'head']
  const env = { WINNOW_MODEL_STORE: join(dir, 'import') }
  const { status, stderr } = await winnow(args, { env })
  if (status !== 0) throw new Error(`winnow train ended with ${status}\n${stderr}`)
}

/** The files of secrets/: readable to all, in a folder that is not. */
async function writeSecrets(dir: string, password: string): Promise<Ground['keys']> {
  const [caller, metrics] = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex')]
  const keys = [
    { key: caller, scopes: ['ingest', 'read'] },
    { key: metrics, scopes: ['read'] },
  ]
  await mkdir(dir, { mode: 0o700 })
  for (const [name, text] of Object.entries({
    'clickhouse-password': password,
    'gateway-keys': JSON.stringify(keys),
    'gateway-metrics-key': metrics,
  })) {
    const path = join(dir, name)
    await writeFile(path, `${text}\n`)
    await chmod(path, 0o444)
  }
  return { caller, metrics }
}
