// The runner against a source and a sink in memory, which tests/contract holds to what the real
// ones do. The same runner works against the real broker and engine in tests/integration.
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { loadConfig } from '../configs/load.ts'
import { WinnowError } from '../schemas/errors.ts'
import { lineageOf, type KafkaRecord } from '../schemas/record.ts'
import type { PartitionOffset, RecordChunk } from '../schemas/record.ts'
import { createMemorySink } from '../tests/support/memory-sink.ts'
import { createMemoryTopic } from '../tests/support/memory-topic.ts'
import {
  chainOf,
  chainOfEach,
  chunkOf,
  drivenSource,
  noMetrics,
  withOutcome,
} from '../tests/support/runner-parts.ts'
import { outputFrom, sampleRecord } from '../tests/support/sample-records.ts'
import { until } from '../tests/support/until.ts'
import { ok, rejected, type Outcome } from '../schemas/outcome.ts'
import type { StageChain } from './stages/record-outcome.ts'
import { createRunner } from './runner.ts'

const record = (offset: number, text = `text ${offset}`) =>
  sampleRecord(offset, { value: Buffer.from(text) })

const chunkAt = (offsets: readonly number[], text?: string) =>
  chunkOf(offsets.map((offset) => record(offset, text)))

/** A source driven by hand, so that a test decides what comes when, and the sink in memory. */
async function harness(
  options: { chain?: StageChain<string>; written?: number[]; settings?: string[] } = {},
) {
  const commits: PartitionOffset[] = []
  const commitFailures: Error[] = []
  const sink = createMemorySink<string>()
  const outputs = (options.written ?? []).map((at) => outputFrom(record(at), ''))
  const before = await sink.fence([0])
  await sink.write({ token: 'before', outputs, deadLetters: [] }, before)
  sink.rows.splice(0)
  let rejoins = 0
  const { source, handlers } = drivenSource({
    commit: (offsets) => {
      const failure = commitFailures.shift()
      if (failure !== undefined) return Promise.reject(failure)
      commits.push(...offsets)
      return Promise.resolve()
    },
    rejoin: () => {
      rejoins++
      handlers().onAssigned([0])
      return Promise.resolve()
    },
  })
  const runner = createRunner<string>({
    source,
    chain: options.chain ?? echoChain,
    sink,
    config: streamConfig(options.settings),
    metrics: noMetrics,
    log: () => undefined,
  })
  return {
    runner,
    commits,
    /** Each of the next commits fails with one of these. */
    commitFailures,
    rows: sink.rows,
    letters: sink.letters,
    failures: sink.failures,
    deliver: (chunk: RecordChunk, heartbeat = () => Promise.resolve()) =>
      handlers().onChunk(chunk, heartbeat),
    rebalance: () => handlers().onAssigned([0]),
    /** Another consumer takes the partition, and the group has not told this one yet. */
    usurp: () => sink.fence([0]),
    rejoins: () => rejoins,
  }
}

function streamConfig(settings: readonly string[] = []) {
  return loadConfig({ env: {}, set: ['stream.blockAgeMsMax=1', ...settings] }).stream
}

const echoChain = chainOfEach(echo)

function echo({ value }: KafkaRecord): Outcome<string> {
  const text = value!.toString()
  return text.includes('bad') ? rejected('text_empty', 'bad') : ok(text)
}

afterEach(() => {
  vi.useRealTimers()
})

describe('runner', () => {
  it('commits again what could not be committed, although no event follows', async () => {
    const { runner, commits, commitFailures, deliver } = await harness()
    commitFailures.push(new WinnowError('broker_unavailable', 'away'))
    await runner.start()
    await deliver(chunkAt([0, 1]))
    await until('the commit', () => commits.length > 0)
    expect(commits).toEqual([{ topic: 't', partition: 0, offset: 2 }])
    await runner.stop()
  })

  it('writes rows and dead letters in order, then commits the offset after them', async () => {
    const { runner, deliver, rows, letters, commits } = await harness()
    await runner.start()
    await deliver(chunkAt([0, 1]))
    await deliver(chunkAt([2], 'bad'))
    await deliver(chunkAt([3]))
    await runner.stop()
    await runner.ended
    expect(rows).toEqual(['text 0', 'text 1', 'text 3'])
    expect(letters.map(({ offset, code }) => [offset, code])).toEqual([[2, 'text_empty']])
    expect(commits.at(-1)).toEqual({ topic: 't', partition: 0, offset: 4 })
  })

  it('does not write again what the sink had before, and still commits it', async () => {
    const { runner, deliver, rows, commits } = await harness({ written: [0, 1, 2] })
    await runner.start()
    await deliver(chunkAt([1, 2, 3]))
    await runner.stop()
    expect(rows).toEqual(['text 3'])
    expect(commits.at(-1)?.offset).toBe(4)
  })

  it('takes an offset of a topic created again for another event', async () => {
    const { runner, deliver, rows } = await harness({ written: [1] })
    await runner.start()
    const chunk = chunkAt([1])
    await deliver({ ...chunk, records: [{ ...chunk.records[0]!, recordTimeMs: 5 }] })
    await runner.stop()
    expect(rows).toEqual(['text 1'])
  })

  it.each(['nothing', 'token', 'rows'] as const)(
    'tries a failed write again, of which the sink has kept %s, and commits only after it worked',
    async (stored) => {
      const { runner, deliver, rows, letters, commits, failures } = await harness()
      const error = new WinnowError('analytics_unavailable', 'away')
      failures.push({ error, stored }, { error, stored: 'nothing' })
      await runner.start()
      await deliver(chunkAt([0, 1]))
      await deliver(chunkAt([2], 'bad'))
      expect(commits).toEqual([])
      await runner.stop()
      expect(rows).toEqual(['text 0', 'text 1'])
      expect(letters.map(({ offset }) => offset)).toEqual([2])
      expect(commits.at(-1)).toEqual({ topic: 't', partition: 0, offset: 3 })
    },
  )

  it('does not try a failed write again when another consumer has the partition by then', async () => {
    const { runner, deliver, rows, commits, failures, usurp, rejoins } = await harness()
    failures.push({ error: new WinnowError('analytics_unavailable', 'away'), stored: 'nothing' })
    await runner.start()
    await deliver(chunkAt([0]))
    await until('the failed write', () => failures.length === 0)
    await usurp()
    await until('the refusal', () => rejoins() === 1)
    expect({ rows, commits }).toEqual({ rows: [], commits: [] })
    await runner.stop()
  })

  it('ends with the error of a write that was refused for good, committing nothing', async () => {
    const { runner, deliver, commits, failures } = await harness()
    const error = new WinnowError('analytics_refused', 'no such table')
    failures.push({ error, stored: 'nothing' })
    await runner.start()
    await deliver(chunkAt([0]))
    await expect(runner.ended).rejects.toThrow('no such table')
    await runner.stop()
    expect(commits).toEqual([])
    expect(runner.isReady()).toBe(false)
  })

  it('drops work of an earlier assignment: nothing of it is written or committed', async () => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    let calls = 0
    const chain = chainOf(async (records) => {
      if (calls++ === 0) await gate
      return records.map((one) => withOutcome(one, echo(one)))
    })
    const { runner, deliver, rebalance, rows, commits } = await harness({ chain })
    await runner.start()
    await deliver(chunkAt([0, 1]))
    rebalance()
    await deliver(chunkAt([0, 1]))
    release()
    await runner.stop()
    expect(rows).toEqual(['text 0', 'text 1'])
    expect(commits).toEqual([{ topic: 't', partition: 0, offset: 2 }])
  })

  it('joins again when it was fenced off: what it had in flight is neither written nor committed', async () => {
    const { runner, deliver, rows, commits, usurp, rejoins } = await harness()
    await runner.start()
    await deliver(chunkAt([0]))
    await until('the first commit', () => commits.length === 1)
    await usurp()
    await deliver(chunkAt([1, 2]))
    await until('the refusal', () => rejoins() === 1)
    expect(await deliver(chunkAt([1, 2, 3]))).toBe(true)
    await until('everything is committed', () => commits.at(-1)?.offset === 4)
    await runner.stop()
    expect(rows).toEqual(['text 0', 'text 1', 'text 2', 'text 3'])
    expect(commits.map(({ offset }) => offset)).toEqual([1, 4])
  })

  it('begins the passages of a partition in order, and ends each once', async () => {
    const begun: number[] = []
    const ended: number[] = []
    const chain: StageChain<string> = {
      ...echoChain,
      begin: () => {
        const passage = begun.length
        begun.push(passage)
        return { ...echoChain.begin(0), end: () => ended.push(passage) }
      },
    }
    const { runner, deliver, rows } = await harness({ chain })
    await runner.start()
    await Promise.all([deliver(chunkAt([0])), deliver(chunkAt([1])), deliver(chunkAt([2]))])
    await runner.stop()
    expect(rows).toHaveLength(3)
    expect(ended.toSorted()).toEqual([0, 1, 2])
  })

  it('holds the source back while as many events are in flight as allowed', async () => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const chain = chainOf(async (records) => {
      await gate
      return records.map((one) => withOutcome(one, echo(one)))
    })
    const { runner, deliver, rows } = await harness({
      chain,
      settings: ['stream.inFlightEventsMax=3'],
    })
    await runner.start()
    await deliver(chunkAt([0, 1]))
    let taken = false
    let heartbeats = 0
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const heartbeat = () => {
      heartbeats++
      return Promise.resolve()
    }
    const second = deliver(chunkAt([2, 3]), heartbeat).then((accepted) => {
      taken = accepted
    })
    await vi.advanceTimersByTimeAsync(3_000)
    expect({ heartbeats, taken }).toEqual({ heartbeats: 3, taken: false })
    vi.useRealTimers()
    release()
    await second
    expect(taken).toBe(true)
    await runner.stop()
    expect(rows).toHaveLength(4)
  })

  it('stops within its deadline and leaves unfinished events uncommitted', async () => {
    const chain = chainOf<string>(() => new Promise(() => undefined))
    const { runner, deliver, commits } = await harness({
      chain,
      settings: ['stream.drainMsMax=50'],
    })
    await runner.start()
    await deliver(chunkAt([0]))
    await runner.stop()
    expect(commits).toEqual([])
  })
})

describe('delivery', () => {
  const events = 40
  const happenings = fc.array(
    fc.oneof(
      fc
        .constantFrom('rejoin', 'fenced', 'work', 'sent again', 'offsets without records')
        .map((kind) => ({ kind })),
      fc.record({
        kind: fc.constantFrom('crash', 'write fails'),
        stored: fc.constantFrom('nothing', 'token', 'rows'),
      }),
    ),
    { maxLength: 12 },
  )

  /** What is wrong with every fifth event is fixed at its second attempt. */
  const repairedChain = chainOfEach((one) =>
    lineageOf(one).attempt >= 2 ? ok(`${one.value!.toString()} fixed`) : echo(one),
  )

  it('leaves each event once, whatever rejoins, crashes and failed writes happen', async () => {
    await fc.assert(
      fc.asyncProperty(happenings, async (script) => {
        const topic = createMemoryTopic({ topic: 't', partitions: 2 })
        const sink = createMemorySink<string>()
        const open = () =>
          createRunner<string>({
            source: topic.source('g'),
            chain: repairedChain,
            sink,
            config: streamConfig(['stream.inFlightEventsMax=10', 'stream.blockRowsMax=7']),
            metrics: noMetrics,
            log: () => undefined,
          })
        const texts = (partition: number) =>
          Array.from({ length: events / 2 }, (_, at) => `${partition}/${at}${at % 5 ? '' : ' bad'}`)
        for (const partition of [0, 1]) topic.append(partition, texts(partition))
        const sentAgain = [0, 0]
        let withoutRecords = 0
        let runner = open()
        await runner.start()
        for (const happening of script) {
          const { kind, stored } = { stored: 'nothing' as const, ...happening }
          if (kind === 'rejoin') topic.rejoin('g')
          if (kind === 'write fails') {
            const error = new WinnowError('analytics_unavailable', 'away')
            sink.failures.push({ error, stored })
          }
          if (kind === 'offsets without records') {
            topic.appendEmpty(1, 3)
            withoutRecords += 3
          }
          if (kind === 'fenced') await sink.fence([1])
          // As `dlq replay` does, which knows nothing of what was sent before and has no outcome
          // yet.
          if (kind === 'sent again') {
            for (const letter of sink.letters) {
              const again = { origin: letter, attempt: letter.attempt + 1 }
              topic.appendAgain(again, letter.payload!.toString())
              sentAgain[letter.partition]!++
            }
          }
          if (kind === 'crash') {
            // A refusal for good ends the runner as a crash does: nothing after it is committed.
            const error = new WinnowError('analytics_refused', 'crash')
            sink.failures.unshift({ error, stored })
            topic.append(0, ['one more'])
            await runner.ended.catch(() => undefined)
            await runner.stop()
            runner = open()
            await runner.start()
          }
          await new Promise((resolve) => setImmediate(resolve))
        }
        const crashes = script.filter(({ kind }) => kind === 'crash').length
        await until('everything committed', () => {
          const ends = [events / 2 + crashes, events / 2 + withoutRecords]
          return ends.every(
            (end, partition) => topic.committed('g', partition) === end + sentAgain[partition]!,
          )
        })
        await runner.stop()
        const rows = Array(crashes).fill('one more') as string[]
        const all = [0, 1].flatMap(texts)
        const good = [...all.filter((text) => !text.includes('bad')), ...rows]
        const fixed = sink.rows.filter((text) => text.endsWith('fixed'))
        expect(sink.rows.filter((text) => !fixed.includes(text)).toSorted()).toEqual(
          good.toSorted(),
        )
        // Of a bad event: one dead letter an attempt, and one row where an attempt went well.
        const outcomes = all
          .filter((text) => text.includes('bad'))
          .map((text) => ({
            attempts: sink.letters
              .filter(({ payload }) => payload!.toString() === text)
              .map(({ attempt }) => attempt),
            rows: fixed.filter((row) => row === `${text} fixed`).length,
          }))
        for (const { attempts, rows } of outcomes) {
          expect([0, 1]).toContain(rows)
          expect(attempts).toEqual(rows === 1 || attempts.length === 2 ? [0, 1] : [0])
        }
      }),
      { numRuns: 25 },
    )
  })
})
