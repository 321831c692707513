// How much do malformed events slow down valid ones? `node bench/poison.ts --data FILE` starts a
// stack and streams the same texts through Kafka, `winnow stream` and ClickHouse, alone and with
// malformed events among them, in alternating rounds. Findings: bench/RESULTS.md.
import { parseArgs } from 'node:util'
import type { OutgoingRecord } from '../schemas/record.ts'
import { poisonCases } from '../tests/support/poison.ts'
import { cpuSeconds, median, readTexts, spreadOf } from './measuring.ts'
import { eventOf, openStream, trainBenchModel, withStack, type BenchStack } from './streaming.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    texts: { type: 'string', default: '4000' },
    rounds: { type: 'string', default: '5' },
    /** Malformed events per hundred valid ones. */
    percent: { type: 'string', default: '1' },
  },
})
if (values.data === undefined) throw new Error('give --data FILE.jsonl[.gz]')

const texts = await readTexts(values.data, Number(values.texts))
await withStack(compare)

async function compare(stack: BenchStack): Promise<void> {
  await trainBenchModel(stack.storeDir)
  const stream = await openStream(stack)
  const poison = badRecords(Math.round((texts.length * Number(values.percent)) / 100))
  /**
   * From the first record sent to the last row stored; the processor time is that of the stream.
   */
  const pass = async (prefix: string, bad: readonly OutgoingRecord[], batch = texts) => {
    const good = batch.map((text, index) => eventOf(`${prefix}-${index}`, text))
    const startMs = performance.now()
    const startCpu = cpuSeconds(stream.process.pid!)
    await stream.send(spread(good, bad))
    await stream.rowsArrived(prefix, batch.length)
    return {
      textsPerSecond: batch.length / ((performance.now() - startMs) / 1_000),
      cpuMsPerText: ((cpuSeconds(stream.process.pid!) - startCpu) * 1_000) / batch.length,
    }
  }
  await pass('warm', poison.slice(0, 5), texts.slice(0, 500))
  type Pass = Awaited<ReturnType<typeof pass>>
  const rounds: { alone: Pass; poisoned: Pass }[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    // The order changes from round to round.
    const poisonedFirst = round % 2 === 1
    const early = await pass(`a${round}`, poisonedFirst ? poison : [])
    const late = await pass(`b${round}`, poisonedFirst ? [] : poison)
    rounds.push(poisonedFirst ? { alone: late, poisoned: early } : { alone: early, poisoned: late })
  }
  const [found] = await stream.analytics.rows<{ letters: number }>(
    'SELECT count() AS letters FROM dead_letters',
  )
  await stream.close()
  const report = {
    texts: texts.length,
    malformed: poison.length,
    deadLetters: found?.letters,
    textsPerSecondAlone: median(rounds.map(({ alone }) => alone.textsPerSecond)),
    textsPerSecondPoisoned: median(rounds.map(({ poisoned }) => poisoned.textsPerSecond)),
    loss: spreadOf(
      rounds.map(({ alone, poisoned }) => 1 - poisoned.textsPerSecond / alone.textsPerSecond),
    ),
    cpuMsPerTextAlone: median(rounds.map(({ alone }) => alone.cpuMsPerText)),
    moreCpu: spreadOf(
      rounds.map(({ alone, poisoned }) => poisoned.cpuMsPerText / alone.cpuMsPerText - 1),
    ),
  }
  console.log(JSON.stringify(report, undefined, 2))
}

/**
 * Malformed events of every kind in turn, except those that are long, or empty only after markup is
 * cleaned.
 */
function badRecords(count: number): OutgoingRecord[] {
  const none = { wider: 900_001, validated: 900_002, string: 900_003, intText: 900_004 }
  const ids = { event: 1, ...none, recursive: 900_005, unknown: 999_999 }
  const values = poisonCases(ids, Date.now())
    .filter(({ code }) => code !== 'text_empty')
    .map(({ value }) => value)
    .filter((value) => value === null || value.length < 10_000)
  const step = values.length / count
  return Array.from({ length: count }, (_, at) => ({
    key: null,
    value: values[Math.floor((at * step) % values.length)]!,
  }))
}

function spread(good: readonly OutgoingRecord[], bad: readonly OutgoingRecord[]): OutgoingRecord[] {
  if (bad.length === 0) return [...good]
  const step = Math.floor(good.length / bad.length)
  return good.flatMap((record, index) => {
    const hit = index % step === step - 1 ? bad[(index + 1) / step - 1] : undefined
    return hit === undefined ? [record] : [record, hit]
  })
}
