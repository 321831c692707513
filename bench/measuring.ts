// What the benchmarks share: reading texts, medians and spreads, and what a process used.
import { createReadStream, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'

/** The `text` of the first `count` lines of a JSON Lines file, gzipped or not. */
export async function readTexts(path: string, count: number): Promise<string[]> {
  const bytes = createReadStream(path)
  const input = path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes
  const texts: string[] = []
  for await (const line of createInterface({ input })) {
    if (texts.length === count) break
    texts.push((JSON.parse(line) as { text: string }).text)
  }
  return texts
}

/** The median; of an even count, the upper middle number. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
}

/** Median and range of what several rounds gave. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number }

export function spreadOf(numbers: readonly number[]): Spread {
  return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers) }
}

/** Wall time, and processor time of all threads; the latter holds when others share the machine. */
export type Spent = { readonly seconds: number; readonly cpuSeconds: number }

/** Starts to measure this process; the result says what it has spent since. */
export function stopwatch(): () => Spent {
  const [startedMs, startedCpu] = [performance.now(), process.cpuUsage()]
  return () => {
    const { user, system } = process.cpuUsage(startedCpu)
    return { seconds: (performance.now() - startedMs) / 1_000, cpuSeconds: (user + system) / 1e6 }
  }
}

/**
 * Processor seconds that all threads of a process have used so far (Linux, 100 ticks per second).
 */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The fields from the third on: they follow the name, which may contain anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Largest resident memory that a process has had, in bytes (Linux). */
export function peakRss(pid: number | 'self'): number {
  const [, kib] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1024
}

/**
 * Calls per second: the median of the rounds, with the slowest and the fastest. The first round
 * warms up and does not count.
 */
export function callSpeed(
  call: () => unknown,
  { rounds, callsInRound }: { readonly rounds: number; readonly callsInRound: number },
): string {
  const speeds = Array.from({ length: rounds }, () => {
    const startMs = performance.now()
    for (let count = 0; count < callsInRound; count++) call()
    return (callsInRound / (performance.now() - startMs)) * 1_000
  })
  const spread = spreadOf(speeds.slice(1))
  const [middle, least, most] = [spread.median, spread.min, spread.max].map((speed) =>
    Math.round(speed).toLocaleString('en'),
  )
  return `${middle!} (${least!} to ${most!})`
}
