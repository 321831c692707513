// What is remembered about a stack between commands: its ports, in `stack.json` of the state
// folder. Which processes run is not remembered here but asked (pid-file.ts, probe.ts).
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import * as z from 'zod'

/** The services of the stack, by the names that `winnow status` shows. */
export const serviceNames = ['kafka', 'registry', 'analytics'] as const
export type ServiceName = (typeof serviceNames)[number]

const port = z.int().min(1).max(65_535)
const stackStateSchema = z.object({
  version: z.literal(1),
  ports: z.object({ kafka: port, kafkaController: port, registry: port, analytics: port }),
})

/** The ports of a stack that was started at least once; the controller's is Kafka's own business. */
export type StackState = z.infer<typeof stackStateSchema>

/** The addresses that clients of the stack need. */
export type StackConnections = { brokers: string[]; registryUrl: string; clickhouseUrl: string }

/** Addresses in the form that Kafka, registry and ClickHouse clients take. */
export function connectionsOf(state: StackState): StackConnections {
  const { ports } = state
  return {
    brokers: [`127.0.0.1:${ports.kafka}`],
    registryUrl: `http://127.0.0.1:${ports.registry}/apis/ccompat/v7`,
    clickhouseUrl: `http://127.0.0.1:${ports.analytics}`,
  }
}

/** The remembered state; undefined where no stack was ever started in this folder. */
export async function readStackState(stateDir: string): Promise<StackState | undefined> {
  try {
    const text = await readFile(join(stateDir, 'stack.json'), 'utf8')
    return stackStateSchema.safeParse(JSON.parse(text)).data
  } catch {
    // Missing or damaged: the ports are chosen anew, nothing else is lost.
    return undefined
  }
}

/** Remembers the state; a reader sees the old or the new one, never half of it. */
export async function writeStackState(stateDir: string, state: StackState): Promise<void> {
  const draft = join(stateDir, `.stack-${process.pid}.json`)
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`)
  await rename(draft, join(stateDir, 'stack.json'))
}
