// What benchmarks of the stream share: a stack for the duration of a run, a model, the process of
// the stream, and waiting for rows.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '../configs/load.ts'
import { cacheDir, modelStoreDir } from '../configs/paths.ts'
import type { Config } from '../configs/schema.ts'
import { prepareBackends } from '../serving/backends.ts'
import { createAnalytics, type Analytics } from '../infra/clickhouse/clickhouse.ts'
import { createKafka, openProducer } from '../infra/kafka/kafka.ts'
import { topicOf } from '../infra/kafka/topics.ts'
import { connectionsOf } from '../infra/local/services/stack-state.ts'
import { startStack, stopStack } from '../infra/local/supervisor.ts'
import { openBase } from '../models/bases/base-store.ts'
import type { OutgoingRecord } from '../schemas/record.ts'
import { describeExamples } from '../trainers/data/dataset.ts'
import { connectionVariables } from '../tests/support/backends.ts'
import { publishedNode } from '../tests/support/published-node.ts'
import { trainHead } from '../trainers/head/train-head.ts'

/** The stack of one benchmark, with topics, schemas and tables. */
export type BenchStack = {
  /** Settings as the environment of a process; its model is named `bench`. */
  readonly environment: Readonly<Record<string, string>>
  readonly config: Config
  readonly stateDir: string
  readonly storeDir: string
}

/** Starts a stack on free ports for `run`, then removes it with everything that it holds. */
export async function withStack(run: (stack: BenchStack) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'winnow-bench-'))
  const stateDir = join(dir, 'state')
  const storeDir = join(dir, 'models')
  try {
    const ports = { kafka: 0, registry: 0, analytics: 0 }
    const state = await startStack({ stateDir, cacheDir: cacheDir(), ports })
    const environment = {
      ...connectionVariables(connectionsOf(state)),
      WINNOW_MODEL_STORE: storeDir,
      WINNOW_INFERENCE_MODEL: 'bench',
      // Rounds send the same texts again.
      WINNOW_INFERENCE_CACHE_MEGABYTES: '0',
    }
    const config = loadConfig({ env: environment })
    await prepareBackends(config, () => undefined)
    await run({ environment, config, stateDir, storeDir })
  } finally {
    await stopStack({ stateDir })
    await rm(dir, { recursive: true, force: true })
  }
}

/**
 * Trains a small head and returns the folder of its version; its weights do not change its speed.
 */
export async function trainBenchModel(storeDir: string, maxTokens = 128): Promise<string> {
  const examples = Array.from({ length: 40 }, (_, index) => ({
    text: `text number ${index} about ${index % 2 === 0 ? 'parcels' : 'refunds'}`,
    label: index % 2 === 0 ? 'parcel' : 'refund',
  }))
  const { modelDir } = await trainHead({
    train: { examples, manifest: describeExamples('bench', examples) },
    base: await openBase({ name: 'minilm-l6', storeDir: modelStoreDir() }),
    storeDir,
    name: 'bench',
    maxTokens,
    grid: [1],
    workers: 1,
  })
  return modelDir
}

/** `winnow stream` over all stages, and what a benchmark does with it. */
export type BenchStream = {
  /** The process of the stream. */
  readonly process: ChildProcess
  readonly analytics: Analytics
  /** Sends records to the topic of events. */
  send(records: readonly OutgoingRecord[]): Promise<void>
  /** Resolves when so many events with the prefix have rows of the main path. */
  rowsArrived(prefix: string, count: number): Promise<void>
  /** Ends the process, then the clients. */
  close(): Promise<void>
}

/** Starts the stream on a stack. */
export async function openStream({ environment, config }: BenchStack): Promise<BenchStream> {
  const analytics = createAnalytics(config.clickhouse)
  const producer = await openProducer(createKafka(config))
  const stream = startStream(environment)
  const topic = topicOf(config.topics, 'events')
  return {
    process: stream,
    analytics,
    send: (records) => producer.send(topic, records),
    rowsArrived: (prefix, count) => rowsArrived(analytics, prefix, count),
    async close() {
      stream.kill('SIGTERM')
      await once(stream, 'close')
      await Promise.all([producer.close(), analytics.close()])
    },
  }
}

/** The event of a text, keyed by its id. */
export function eventOf(id: string, text: string): OutgoingRecord {
  return { key: id, value: JSON.stringify({ id, text }) }
}

function startStream(environment: Readonly<Record<string, string>>): ChildProcess {
  const cli = fileURLToPath(new URL('../cli.ts', import.meta.url))
  const node = publishedNode()
  const args = [node.flag, cli, 'stream', '--stages', 'validate..infer']
  return spawn(process.execPath, args, {
    env: { ...process.env, ...node.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function rowsArrived(analytics: Analytics, prefix: string, count: number): Promise<void> {
  for (;;) {
    const [row] = await analytics.rows<{ rows: number }>(
      `SELECT count() AS rows FROM classifications
       WHERE role != 'shadow' AND startsWith(event_id, {prefix: String})`,
      { prefix: `${prefix}-` },
    )
    if (row!.rows >= count) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
