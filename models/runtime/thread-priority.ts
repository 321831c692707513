// Sets the priority of single threads, which only Linux supports (setpriority(2), "C library/kernel
// differences"). Elsewhere niceness belongs to the whole process and is left alone.
import { readFileSync, readlinkSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

/**
 * `background` always yields to all other threads. `loading` yields until it is raised, if the
 * process may raise it; else it is `normal`.
 */
export type ThreadPriority = 'normal' | 'loading' | 'background'

/**
 * Niceness by priority, on top of that of the process. With 10 a thread has a tenth of the share of
 * a busy one, and with 15 a thirtieth: one that loads uses what is idle, until it is raised.
 */
const niceness: Readonly<Record<ThreadPriority, number>> = {
  normal: 0,
  loading: 15,
  background: 10,
}

/** Bit of CAP_SYS_NICE (capabilities(7), linux/capability.h). */
const capSysNice = 23n

/**
 * Sets the priority of the calling thread. Returns what `raiseThread` needs if the thread is to be
 * raised later.
 */
export function setThreadPriority(priority: ThreadPriority): number | undefined {
  if (process.platform !== 'linux') return undefined
  const thread = priority === 'background' ? 0 : idToRaise()
  // A thread that must be raised later may only be lowered if raising is allowed.
  if (thread === undefined) return undefined
  setPriority(0, priorityOf(priority))
  return priority === 'loading' ? thread : undefined
}

/**
 * Raises another thread of this process from `loading` to normal priority, whatever it does.
 */
export function raiseThread(thread: number): void {
  try {
    setPriority(thread, priorityOf('normal'))
  } catch (error) {
    // It has ended meanwhile.
    if ((error as { code?: string }).code !== 'ERR_SYSTEM_ERROR') throw error
  }
}

function priorityOf(priority: ThreadPriority): number {
  // The first thread of a process has its id.
  const own = getPriority(process.pid)
  return Math.min(constants.priority.PRIORITY_LOW, own + niceness[priority])
}

/**
 * The calling thread's id in the kernel (proc(5), /proc/thread-self), if this process may raise
 * threads.
 */
function idToRaise(): number | undefined {
  if (!mayRaise()) return undefined
  try {
    // A synchronous call is made on the calling thread; the link is PID/task/TID.
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1))
  } catch {
    return undefined
  }
}

let mayRaiseKnown: boolean | undefined

/**
 * Whether this process may raise priorities: it has CAP_SYS_NICE, as root outside of containers.
 */
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
