// A service that works in the background of others on the same machine takes the processor when
// they leave it. It owns how a process says so; which services do is theirs to say.
import { writeFileSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

/**
 * On top of what the process was given. With 10 it has a ninth of the share of a busy one with 0
 * (sched(7)).
 */
const niceness = 10

/**
 * Lowers the priority of this process: call it before threads are started, which take it over. On
 * Linux also that of its session, which is what counts there among processes of different sessions
 * where autogroups are on (sched(7), "The autogroup feature"). Where it is not possible, all stays
 * as it is.
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
      // Another system, or no autogroups: its share is then that of any other.
    }
  }
}
