// The ports and secrets of a stack, kept between commands in `stack.json` of the state folder.
// Which processes run is not stored but checked each time (pid-file.ts, probe.ts).
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import * as z from 'zod'

import { noRegistry } from '../../../configs/schema.ts'
import { newStackSecrets, stackSecretsSchema } from './stack-secrets.ts'

/** The services of the stack, by the names that `winnow status` shows. */
export const serviceNames = ['kafka', 'registry', 'analytics'] as const
export type ServiceName = (typeof serviceNames)[number]

const port = z.int().min(1).max(65_535)
const stackStateSchema = z.object({
  version: z.literal(1),
  ports: z.object({ kafka: port, kafkaController: port, registry: port, analytics: port }),
  /** Whether the stack was started with a registry. */
  registry: z.enum(['embedded', 'none']).default('embedded'),
  // A stack of a version without secrets gets them when its file is read.
  secrets: stackSecretsSchema.default(newStackSecrets),
})

/**
 * The ports and secrets of a stack that was started at least once. The controller's port is used by
 * Kafka itself only.
 */
export type StackState = z.infer<typeof stackStateSchema>

/** The addresses and credentials that clients of the stack need. */
export type StackConnections = {
  brokers: string[]
  /** `none` without a registry. */
  registryUrl: string
  registryToken: string
  clickhouseUrl: string
  clickhouseUsername: string
  clickhousePassword: string
}

/** The only user of the embedded engine. */
export const analyticsUser = 'winnow'

/** Addresses in the form that Kafka, registry and ClickHouse clients take. */
export function connectionsOf(state: StackState): StackConnections {
  const { ports, secrets, registry } = state
  const registryUrl = `http://127.0.0.1:${ports.registry}/apis/ccompat/v7`
  return {
    brokers: [`127.0.0.1:${ports.kafka}`],
    registryUrl: registry === 'none' ? noRegistry : registryUrl,
    registryToken: secrets.registryToken,
    clickhouseUrl: `http://127.0.0.1:${ports.analytics}`,
    clickhouseUsername: analyticsUser,
    clickhousePassword: secrets.analyticsPassword,
  }
}

/** The stored state; undefined if no stack was ever started in this folder. */
export async function readStackState(stateDir: string): Promise<StackState | undefined> {
  try {
    const text = await readFile(join(stateDir, 'stack.json'), 'utf8')
    return stackStateSchema.safeParse(JSON.parse(text)).data
  } catch {
    // Missing or damaged: ports are chosen again, and nothing else is lost.
    return undefined
  }
}

/** Stores the state; a reader sees the old or the new one, never a mix. */
export async function writeStackState(stateDir: string, state: StackState): Promise<void> {
  const draft = join(stateDir, `.stack-${process.pid}.json`)
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  await rename(draft, join(stateDir, 'stack.json'))
}

/**
 * Creates the state folder, accessible to its owner only: it holds the secrets, and the texts of
 * all events in the files of Kafka and the engine.
 */
export async function makeStateDir(stateDir: string): Promise<void> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  await chmod(stateDir, 0o700)
}
