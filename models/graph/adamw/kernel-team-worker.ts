// The body of a thread of kernel-team.ts: waits for posted calls, makes them and reports that they
// are done.
import { parentPort, workerData } from 'node:worker_threads'
import { at, callWidth, instantiate, postedCalls, type TeamStart } from './kernel-team.ts'

if (parentPort !== null) serve(workerData as TeamStart)

function serve(start: TeamStart): void {
  const { control, calls, names } = start
  const functions = instantiate(start.module, start.memory)
  let round = 0
  Atomics.store(control, at.ready, 1)
  for (;;) {
    Atomics.wait(control, at.posted, round)
    if (Atomics.load(control, at.ending) === 1) return
    round = Atomics.load(control, at.posted)
    for (let row = 0; row < postedCalls(start); row++) {
      const first = row * callWidth
      const operands = calls.subarray(first + 1, first + 1 + calls[first + callWidth - 2]!)
      calls[first + callWidth - 1] = functions[names[calls[first]!]!]!(...operands) ?? 0
    }
    Atomics.store(control, at.done, round)
    Atomics.notify(control, at.done)
  }
}
