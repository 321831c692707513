// Records which process runs which service, in a file that outlives its starter. A pid alone may
// belong to another program by then, so the start time of the process is recorded too.
import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'

/** Identifies a process, even if another one gets the same pid later. */
export type ProcessIdentity = {
  pid: number
  /** When the system started it, in the system's own format; only compared, never parsed. */
  startMark: string
}

/** The identity of a running process; undefined if there is none, or it is a zombie. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const startMark = process.platform === 'linux' ? await linuxStart(pid) : await psStart(pid)
  return startMark === undefined ? undefined : { pid, startMark }
}

/** Whether exactly this process is running. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await identityOf(identity.pid)
  return now !== undefined && now.startMark === identity.startMark
}

/** Reads a pid file; undefined if it is missing or unreadable. */
export async function readPidFile(path: string): Promise<ProcessIdentity | undefined> {
  try {
    const { pid, startMark } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    if (typeof pid !== 'number' || typeof startMark !== 'string') return undefined
    return { pid, startMark }
  } catch {
    // A file truncated by a crash counts as missing: nothing is known to run.
    return undefined
  }
}

/** Writes a pid file. */
export async function writePidFile(path: string, identity: ProcessIdentity): Promise<void> {
  await writeFile(path, `${JSON.stringify(identity)}\n`)
}

/** Removes a pid file, if there is one. */
export async function removePidFile(path: string): Promise<void> {
  await rm(path, { force: true })
}

/** Field 22 of /proc/PID/stat (proc(5)): start time in clock ticks since boot. */
async function linuxStart(pid: number): Promise<string | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field, the command, may itself contain blanks and brackets.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [state] = fields
    const threads = Number(fields[17])
    // A killed process is shown as a zombie while its other threads still hold its ports and files.
    return (state === 'Z' && threads <= 1) || state === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

function psStart(pid: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], (error, stdout) => {
      const text = stdout.trim()
      const isGone = error !== null || text === '' || text.startsWith('Z')
      resolve(isGone ? undefined : text.replace(/^\S+\s+/, ''))
    })
  })
}
