// Starts one real stack for the whole integration suite, on free ports and in a folder of its own,
// and trains the model of the tests once. Stops the stack at the end; what an earlier, killed run
// left behind is stopped first.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { TestProject } from 'vitest/node'

import { cacheDir } from '../configs/paths.ts'
import { identityOf, isAlive, readPidFile, writePidFile } from '../infra/local/services/pid-file.ts'
import { connectionsOf } from '../infra/local/services/stack-state.ts'
import type { StackConnections } from '../infra/local/services/stack-state.ts'
import { startStack, stopStack } from '../infra/local/supervisor.ts'
import { raiseEngine } from './support/engine-priority.ts'
import { ensureS3Jar, stopS3Server } from './support/s3-server.ts'
import { trainForAllTests } from './support/workspace.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The running stack: `inject('stack')` in an integration test. */
    stack: StackConnections & { stateDir: string }
  }
}

const prefix = 'winnow-test-stack-'

/** Vitest calls this once before the suite; the function it returns runs once after it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeAbandoned()
  const stateDir = await mkdtemp(join(tmpdir(), prefix))
  const own = await identityOf(process.pid)
  if (own !== undefined) await writePidFile(join(stateDir, 'owner.pid'), own)
  const teardown = async () => {
    await stopS3Server(stateDir)
    await stopStack({ stateDir })
    await rm(stateDir, { recursive: true, force: true })
  }
  try {
    await ensureS3Jar()
    const ports = { kafka: 0, registry: 0, analytics: 0 }
    const [state] = await Promise.all([
      startStack({ stateDir, cacheDir: cacheDir(), ports }),
      trainForAllTests(join(stateDir, 'trained-store')),
    ])
    await raiseEngine(stateDir)
    project.provide('stack', { ...connectionsOf(state), stateDir })
  } catch (error) {
    await teardown()
    throw error
  }
  return teardown
}

/** Stops stacks whose test run has ended without doing so. */
async function removeAbandoned(): Promise<void> {
  const names = await readdir(tmpdir())
  for (const name of names.filter((candidate) => candidate.startsWith(prefix))) {
    const stateDir = join(tmpdir(), name)
    const owner = await readPidFile(join(stateDir, 'owner.pid'))
    if (owner === undefined || (await isAlive(owner))) continue
    await stopS3Server(stateDir)
    await stopStack({ stateDir })
    await rm(stateDir, { recursive: true, force: true })
  }
}
