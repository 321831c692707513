// How long does an event wait until its row is written? `node bench/latency.ts --data FILE` starts
// a stack and streams texts through Kafka, `winnow stream` and ClickHouse: all at once, which gives
// the full load; one at a time; and at random moments at half of the full load. Findings:
// bench/RESULTS.md.
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { stackStatus } from '../infra/local/stack-status.ts'
import { seededRandom, type SeededRandom } from '../models/runtime/seeded-random.ts'
import { cpuSeconds, median, readTexts } from './measuring.ts'
import {
  eventOf,
  openStream,
  trainBenchModel,
  withStack,
  type BenchStack,
  type BenchStream,
} from './streaming.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    /** Of one round at half load. */
    seconds: { type: 'string', default: '20' },
    /** Sent one at a time in a round. */
    singles: { type: 'string', default: '60' },
    /** Sent at once in a round. */
    texts: { type: 'string', default: '4000' },
    /** Events per second in place of half of the full load. */
    rate: { type: 'string' },
  },
})
if (values.data === undefined) throw new Error('give --data FILE.jsonl[.gz]')

const texts = await readTexts(values.data, Number(values.texts))
await withStack(measure)

async function measure(stack: BenchStack): Promise<void> {
  await trainBenchModel(stack.storeDir)
  const stream = await openStream(stack)
  const processes = await processesOf(stack, stream)
  const random = seededRandom(1)
  const pass = async (prefix: string, send: () => Promise<number>): Promise<Pass> => {
    const before = processes.map(({ pid }) => cpuSeconds(pid))
    const startMs = performance.now()
    const events = await send()
    await stream.rowsArrived(prefix, events)
    const seconds = (performance.now() - startMs) / 1_000
    const cpuMsPerEvent = Object.fromEntries(
      processes.map(({ name, pid }, at) => [
        name,
        rounded(((cpuSeconds(pid) - before[at]!) * 1_000) / events),
      ]),
    )
    const load = loadavg()[0]!
    return {
      eventsPerSecond: events / seconds,
      cpuMsPerEvent,
      load,
      ...(await waits(stream, prefix)),
    }
  }
  await pass('warm', () => atOnce(stream, 'warm', texts.slice(0, 500)))
  const passes: Record<string, Pass[]> = { full: [], single: [], half: [] }
  for (let round = 0; round < Number(values.rounds); round++) {
    const full = await pass(`full${round}`, () => atOnce(stream, `full${round}`, texts))
    passes['full']!.push(full)
    const fullRate = median(passes['full']!.map(({ eventsPerSecond }) => eventsPerSecond))
    passes['single']!.push(
      await pass(`single${round}`, () => oneAtATime(stream, `single${round}`, random)),
    )
    const rate = values.rate === undefined ? fullRate / 2 : Number(values.rate)
    passes['half']!.push(
      await pass(`half${round}`, () => atRate(stream, { prefix: `half${round}`, rate, random })),
    )
  }
  await stream.close()
  console.log(JSON.stringify(passes, undefined, 1))
}

type Pass = Waits & {
  readonly eventsPerSecond: number
  /** Processor time of each process per event. */
  readonly cpuMsPerEvent: Readonly<Record<string, number>>
  /** Load average of the machine at the end. */
  readonly load: number
}

/** Percentiles of milliseconds: 50, 95, 99 and 100. */
type Percentiles = readonly number[]

/** Where the time of the events went. */
type Waits = {
  /** From the broker's record time until the row is in the insert that stores it. */
  readonly eventToRow: Percentiles
  /** From the record time until the event was classified. */
  readonly toClassified: Percentiles
  readonly queue: Percentiles
  readonly infer: Percentiles
  /** From then until the row is in its insert. */
  readonly toRow: Percentiles
  readonly blocks: number
}

async function waits({ analytics }: BenchStream, prefix: string): Promise<Waits> {
  const quantiles = (milliseconds: string): string =>
    `arrayMap(x -> round(x, 1), quantilesExact(0.5, 0.95, 0.99, 1)(${milliseconds}))`
  const classifiedMs = 'toUnixTimestamp64Milli(classified_at) - toUnixTimestamp64Milli(record_time)'
  const [row] = await analytics.rows<Waits>(
    `SELECT ${quantiles('total_ms')} AS eventToRow,
            ${quantiles(classifiedMs)} AS toClassified,
            ${quantiles('queue_ms')} AS queue,
            ${quantiles('infer_ms')} AS infer,
            ${quantiles(`total_ms - (${classifiedMs})`)} AS toRow,
            uniqExact(_block_number) AS blocks
     FROM classifications WHERE startsWith(event_id, {prefix: String})`,
    { prefix: `${prefix}-` },
  )
  return row!
}

async function processesOf(
  { stateDir }: BenchStack,
  stream: BenchStream,
): Promise<{ name: string; pid: number }[]> {
  const services = await stackStatus({ stateDir })
  return [
    { name: 'stream', pid: stream.process.pid! },
    ...services.map(({ name, pid }) => ({ name, pid: pid! })),
  ]
}

async function atOnce(
  stream: BenchStream,
  prefix: string,
  batch: readonly string[],
): Promise<number> {
  await stream.send(batch.map((text, at) => eventOf(`${prefix}-${at}`, text)))
  return batch.length
}

/** Pauses after each event are long enough for its row, and of random length. */
async function oneAtATime(
  stream: BenchStream,
  prefix: string,
  random: SeededRandom,
): Promise<number> {
  const count = Number(values.singles)
  for (let at = 0; at < count; at++) {
    await stream.send([eventOf(`${prefix}-${at}`, texts[at % texts.length]!)])
    await sleep(300 + random.below(300))
  }
  return count
}

/** Events of a Poisson process: they do not wait for each other. */
async function atRate(
  stream: BenchStream,
  { prefix, rate, random }: { prefix: string; rate: number; random: SeededRandom },
): Promise<number> {
  const endMs = Number(values.seconds) * 1_000
  const startMs = performance.now()
  const sending: Promise<void>[] = []
  let number = 0
  for (let dueMs = 0; dueMs < endMs;) {
    const events = []
    for (; dueMs <= performance.now() - startMs && dueMs < endMs; number++) {
      events.push(eventOf(`${prefix}-${number}`, texts[number % texts.length]!))
      dueMs -= (Math.log1p(-random.below(2 ** 32) / 2 ** 32) * 1_000) / rate
    }
    if (events.length > 0) sending.push(stream.send(events))
    await sleep(Math.max(1, startMs + dueMs - performance.now()))
  }
  await Promise.all(sending)
  return number
}

function rounded(number: number): number {
  return Math.round(number * 100) / 100
}
