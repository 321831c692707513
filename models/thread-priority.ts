// The share of the processor that a thread gets, which Linux keeps for each thread (setpriority(2),
// "C library/kernel differences"); elsewhere it would be that of the whole process, and stays as it is.
import { readFileSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

/**
 * `background` yields to all other threads and stays so. `loading` yields too, until it is raised, where the
 * process may do that; elsewhere it is `normal`.
 */
export type ThreadPriority = 'normal' | 'loading' | 'background'

/**
 * Niceness by priority, on top of that of the process. 10 is a tenth of the share of a busy thread, with 19 one would starve on a machine that
 * is never idle; with 5 it is a third, and loading takes at most three times as long.
 */
const niceness: Readonly<Record<ThreadPriority, number>> = { normal: 0, loading: 5, background: 10 }

/** Bit of CAP_SYS_NICE (capabilities(7), linux/capability.h). */
const capSysNice = 23n

/** Gives the calling thread a priority. Lower ones than now are kept where it may not be raised. */
export function setThreadPriority(priority: ThreadPriority): void {
  if (process.platform !== 'linux') return
  // Niceness that cannot be taken back is for those that never need to.
  if (priority !== 'background' && !mayRaise()) return
  // The first thread of a process has its id.
  const own = getPriority(process.pid)
  setPriority(0, Math.min(constants.priority.PRIORITY_LOW, own + niceness[priority]))
}

let mayRaiseKnown: boolean | undefined

/** Whether this process may raise priorities: it has CAP_SYS_NICE, as root outside of containers. */
function mayRaise(): boolean {
  mayRaiseKnown ??= hasCapability(readStatus(), capSysNice)
  return mayRaiseKnown
}

/** Reads the effective capabilities, a hexadecimal mask, from /proc/PID/status (proc(5)). */
export function hasCapability(status: string, bit: bigint): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1]
  return mask !== undefined && ((BigInt(`0x${mask}`) >> bit) & 1n) === 1n
}

function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8')
  } catch {
    return ''
  }
}
