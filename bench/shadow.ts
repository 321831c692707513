// How much does a shadow slow down the main path? `node bench/shadow.ts --data FILE` starts a stack
// and streams texts at a steady rate through Kafka, `winnow stream` and ClickHouse, without and
// with a shadow that also classifies every event, in alternating rounds. Findings:
// bench/RESULTS.md.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { promoteModel, sideModel } from '../serving/promoting.ts'
import { openRegistry } from '../serving/publishing.ts'
import { median, readTexts, spreadOf } from './measuring.ts'
import { eventOf, openStream, trainBenchModel, withStack, type BenchStack } from './streaming.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '12' },
    /** Events per second. */
    rate: { type: 'string', default: '50' },
  },
})
if (values.data === undefined) throw new Error('give --data FILE.jsonl[.gz]')
const ticksASecond = 20

const texts = await readTexts(values.data, 2_000)
await withStack(compare)

/** Milliseconds from the broker's record time to the row. */
type Latency = { readonly p50: number; readonly p95: number; readonly p99: number }

async function compare(stack: BenchStack): Promise<void> {
  const { config, storeDir } = stack
  await trainBenchModel(storeDir)
  await trainBenchModel(storeDir)
  const registry = await openRegistry({ config, storeDir, log: () => undefined })
  await promoteModel(registry, { ref: 'bench@1', by: 'bench', reason: '' })
  const stream = await openStream(stack)
  const shadow = async (percent: number): Promise<void> => {
    const change = { ref: 'bench@2', role: 'shadow', percent, by: 'bench', reason: '' } as const
    await sideModel(registry, change)
    // The shadow is loaded and tried while the champion serves.
    await sleep(4_000)
  }
  const pass = async (prefix: string, seconds: number): Promise<Latency> => {
    let number = 0
    const perTick = Number(values.rate) / ticksASecond
    const startMs = performance.now()
    for (let tick = 1; tick <= seconds * ticksASecond; tick++) {
      const events = []
      for (; number < tick * perTick; number++) {
        events.push(eventOf(`${prefix}-${number}`, texts[number % texts.length]!))
      }
      if (events.length > 0) await stream.send(events)
      await sleep(Math.max(0, startMs + (tick * 1_000) / ticksASecond - performance.now()))
    }
    await stream.rowsArrived(prefix, number)
    const [row] = await stream.analytics.rows<Latency>(
      `SELECT quantileExact(0.5)(total_ms) AS p50, quantileExact(0.95)(total_ms) AS p95,
              quantileExact(0.99)(total_ms) AS p99
       FROM classifications WHERE role != 'shadow' AND startsWith(event_id, {prefix: String})`,
      { prefix: `${prefix}-` },
    )
    return row!
  }
  await pass('warm', 5)
  const seconds = Number(values.seconds)
  const rounds: { alone: Latency; shadowed: Latency }[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    // Every second round starts with the shadow that the previous one ended with.
    const one = await pass(`a${round}`, seconds)
    await shadow(round % 2 === 0 ? 100 : 0)
    const other = await pass(`b${round}`, seconds)
    rounds.push(round % 2 === 0 ? { alone: one, shadowed: other } : { alone: other, shadowed: one })
  }
  const [found] = await stream.analytics.rows<{ main: number; shadows: number }>(
    `SELECT countIf(role != 'shadow') AS main, countIf(role = 'shadow') AS shadows
     FROM classifications WHERE event_id NOT LIKE 'warm-%'`,
  )
  await Promise.all([stream.close(), registry.close()])
  const compared = (['p50', 'p95', 'p99'] as const).map((quantile) => {
    const ratios = rounds.map(({ alone, shadowed }) => shadowed[quantile] / alone[quantile])
    return {
      quantile,
      aloneMs: median(rounds.map(({ alone }) => alone[quantile])),
      shadowedMs: median(rounds.map(({ shadowed }) => shadowed[quantile])),
      ratio: spreadOf(ratios),
    }
  })
  console.log(JSON.stringify({ ...found, rate: Number(values.rate), compared }, undefined, 2))
}
