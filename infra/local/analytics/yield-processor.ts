// Lowers the priority of a background process, so that it uses only processor time that others
// leave. Each service decides whether to call it.
import { writeFileSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

/**
 * Added to the process's own niceness. A process with 10 gets a ninth of the share of a busy one
 * with 0 (sched(7)).
 */
const niceness = 10

/**
 * Lowers the priority of this process. Call it before threads are started, because they inherit the
 * priority. On Linux it also lowers the session's priority, which decides between processes of
 * different sessions if autogroups are on (sched(7), "The autogroup feature"). Does nothing where
 * that is not possible.
 */
export function yieldProcessor(): void {
  const attempts = [
    () => setPriority(Math.min(constants.priority.PRIORITY_LOW, getPriority() + niceness)),
    () => writeFileSync('/proc/self/autogroup', String(niceness), { flag: 'r+' }),
  ]
  for (const attempt of attempts) {
    try {
      attempt()
    } catch {
      // Another system, or no autogroups: only the niceness counts.
    }
  }
}
