// Starts, waits for and stops one background program that outlives its starter. The caller says
// which program, and when it is ready.
import { spawn } from 'node:child_process'
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { WinnowError } from '../../../schemas/errors.ts'
import { identityOf, isAlive, readPidFile, removePidFile, writePidFile } from './pid-file.ts'
import type { ProcessIdentity } from './pid-file.ts'
import type { ServiceCommand } from './service-command.ts'

/** The files of one service: `<stateDir>/<name>.pid` and `<stateDir>/logs/<name>.log`. */
export type ServiceFiles = { pidFile: string; logFile: string }

/** Where the files of a service are; none needs to exist. */
export function serviceFiles(stateDir: string, name: string): ServiceFiles {
  return {
    pidFile: join(stateDir, `${name}.pid`),
    logFile: join(stateDir, 'logs', `${name}.log`),
  }
}

/** The running process that the pid file names; undefined if it has ended. */
export async function runningProcess(files: ServiceFiles): Promise<ProcessIdentity | undefined> {
  const identity = await readPidFile(files.pidFile)
  return identity !== undefined && (await isAlive(identity)) ? identity : undefined
}

/**
 * Starts the program in a session of its own, so that it survives the end or a Ctrl-C of its
 * starter, and records its pid. It may not be ready yet.
 *
 * @throws WinnowError `service_start_failed` if the program cannot be run at all.
 */
export async function launch(
  command: ServiceCommand,
  files: ServiceFiles,
): Promise<ProcessIdentity> {
  await mkdir(dirname(files.logFile), { recursive: true })
  await rotate(files.logFile)
  const log = await open(files.logFile, 'a')
  try {
    const child = spawn(command.command, command.args, {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    })
    const failure = await new Promise<Error | undefined>((resolve) => {
      child.once('spawn', () => resolve(undefined))
      child.once('error', resolve)
    })
    const identity = child.pid === undefined ? undefined : await identityOf(child.pid)
    child.unref()
    if (failure !== undefined || identity === undefined) {
      const reason = failure?.message ?? (await lastLines(files.logFile))
      throw new WinnowError('service_start_failed', `${command.command} did not start: ${reason}`)
    }
    await writePidFile(files.pidFile, identity)
    return identity
  } finally {
    await log.close()
  }
}

/**
 * Waits until `isReady` returns true; checks every 100 ms.
 *
 * @throws WinnowError `service_start_failed` with the end of the log if the process ends or
 * `waitMsMax` passes first, `cancelled` if `signal` aborts.
 */
export async function untilReady(service: {
  name: string
  identity: ProcessIdentity
  files: ServiceFiles
  isReady: () => Promise<boolean>
  waitMsMax: number
  signal?: AbortSignal | undefined
}): Promise<void> {
  const { name, identity, files } = service
  const deadline = performance.now() + service.waitMsMax
  while (!(await service.isReady())) {
    if (service.signal?.aborted === true) {
      throw new WinnowError('cancelled', `Stopped while ${name} was starting.`)
    }
    const hasEnded = !(await isAlive(identity))
    if (hasEnded || performance.now() > deadline) {
      const what = hasEnded
        ? 'ended while starting'
        : `was not ready within ${service.waitMsMax / 1_000} s`
      const tail = await lastLines(files.logFile)
      const text = `${name} ${what}. The end of ${files.logFile}:\n${tail}`
      throw new WinnowError('service_start_failed', text, { details: { service: name } })
    }
    await delay(100)
  }
}

/** Asks the process to end, kills it after `graceMs`, and removes its pid file. */
export async function stopProcess(files: ServiceFiles, graceMs: number): Promise<void> {
  const identity = await runningProcess(files)
  if (identity !== undefined) {
    signalProcess(identity.pid, 'SIGTERM')
    if (!(await endsWithin(identity, graceMs))) {
      signalProcess(identity.pid, 'SIGKILL')
      await endsWithin(identity, 5_000)
    }
  }
  await removePidFile(files.pidFile)
}

async function endsWithin(identity: ProcessIdentity, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs
  while (await isAlive(identity)) {
    if (performance.now() > deadline) return false
    await delay(25)
  }
  return true
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It ended after the last check, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** A larger log is renamed at the next start; one older log is kept. */
const logBytesMax = 10 * 2 ** 20

async function rotate(logFile: string): Promise<void> {
  const size = await stat(logFile).then(
    (found) => found.size,
    () => 0,
  )
  if (size > logBytesMax) await rename(logFile, `${logFile}.1`)
}

/** The last lines of a log, for an error message. */
async function lastLines(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-15).join('\n')
}
