// Reports which services of the embedded stack run and answer; changes nothing.
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'

import { noRegistry } from '../../configs/schema.ts'
import { isReady } from './services/probe.ts'
import { runningProcess, serviceFiles } from './services/service-runner.ts'
import { connectionsOf, readStackState, serviceNames } from './services/stack-state.ts'
import type { ServiceName, StackState } from './services/stack-state.ts'

/** One service as `winnow status` shows it. */
export type ServiceStatus = {
  name: ServiceName
  /** The pid, or null if the service is not running. */
  pid: number | null
  /**
   * `host:port` for Kafka, `http://host:port` for the others; `none` for a stack without a
   * registry.
   */
  url: string
  /** Where clients call it, if that differs from `url`. */
  apiUrl?: string
  /** Whether it answered a real request just now; true for the registry of a stack without one. */
  ready: boolean
  port: number
  logFile: string
  uptimeMs?: number
}

/** Checks every service of the stack in `stateDir`; empty if no stack was ever started there. */
export async function stackStatus(options: { stateDir: string }): Promise<ServiceStatus[]> {
  const stateDir = resolve(options.stateDir)
  const state = await readStackState(stateDir)
  if (state === undefined) return []
  return Promise.all(serviceNames.map((name) => serviceStatus(name, { stateDir, state })))
}

async function serviceStatus(
  name: ServiceName,
  stack: { stateDir: string; state: StackState },
): Promise<ServiceStatus> {
  const files = serviceFiles(stack.stateDir, name)
  const port = stack.state.ports[name]
  const running = await runningProcess(files)
  if (name === 'registry' && stack.state.registry === 'none' && running === undefined) {
    return { name, pid: null, url: noRegistry, ready: true, port, logFile: files.logFile }
  }
  const ready = running !== undefined && (await isReady(name, stack.state))
  const url = name === 'kafka' ? `127.0.0.1:${port}` : `http://127.0.0.1:${port}`
  const { registryUrl } = connectionsOf(stack.state)
  return {
    name,
    pid: running?.pid ?? null,
    url,
    ...(name === 'registry' ? { apiUrl: registryUrl } : {}),
    ready,
    port,
    logFile: files.logFile,
    ...(running === undefined ? {} : { uptimeMs: await ageMs(files.pidFile) }),
  }
}

/** The pid file is written when the service is started. */
async function ageMs(pidFile: string): Promise<number> {
  const { mtimeMs } = await stat(pidFile)
  return Math.round(Date.now() - mtimeMs)
}
