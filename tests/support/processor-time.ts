// Measures the processor time of work, for limits that must hold on a busy machine too: what other
// processes use does not count.
import type { Work } from '../../models/runtime/sliced-work.ts'

/** Newer than the oldest supported Node, which the types describe; tests run on Node 24. */
type NodeOfTests = { threadCpuUsage(): { user: number; system: number } }

/** Milliseconds of processor time that this thread has used. */
export function processorMs(): number {
  const { user, system } = (process as unknown as NodeOfTests).threadCpuUsage()
  return (user + system) / 1_000
}

/** Runs the work; returns its result, and the milliseconds of all steps and of the longest one. */
export function timed<Result>(work: Work<Result>): {
  result: Result
  totalMs: number
  longestMs: number
} {
  const beganMs = processorMs()
  let longestMs = 0
  for (let beforeMs = beganMs; ;) {
    const step = work.next()
    const afterMs = processorMs()
    longestMs = Math.max(longestMs, afterMs - beforeMs)
    beforeMs = afterMs
    if (step.done === true) return { result: step.value, totalMs: afterMs - beganMs, longestMs }
  }
}

/** The most processor time between two turns of the event loop while `work` runs. */
export async function longestBlockMs(work: Promise<unknown>): Promise<number> {
  let longestMs = 0
  let isDone = false
  let lastMs = processorMs()
  const turn = () => {
    longestMs = Math.max(longestMs, processorMs() - lastMs)
    lastMs = processorMs()
    if (!isDone) setImmediate(turn)
  }
  setImmediate(turn)
  await work.finally(() => (isDone = true))
  return longestMs
}
