// A corner of the shared stack for one test file: topics, database, model store and state folder of
// its own, a small model trained on the spot, and the clients to look at what happened.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../configs/load.ts'
import { modelStoreDir } from '../../configs/paths.ts'
import type { Config } from '../../configs/schema.ts'
import { createAnalytics, type Analytics } from '../../infra/clickhouse.ts'
import { createKafka, type KafkaClient } from '../../infra/kafka.ts'
import { openBase } from '../../models/base-store.ts'
import { prepareBackends } from '../../commands/migrate.ts'
import { describeExamples } from '../../trainers/dataset.ts'
import { trainHead } from '../../trainers/train-head.ts'
import type { Environment } from './cli.ts'

export type Workspace = {
  readonly env: Environment
  readonly config: Config
  readonly kafka: KafkaClient
  readonly analytics: Analytics
  readonly storeDir: string
  close(): Promise<void>
}

export type StackAddresses = { brokers: string[]; registryUrl: string; clickhouseUrl: string }

let workspaces = 0

/** Opens a workspace with a trained model called `test`; the caller closes it. */
export async function openWorkspace(
  stack: StackAddresses,
  settings: Environment = {},
): Promise<Workspace> {
  const name = `t${process.pid}_${Date.now().toString(36)}_${workspaces++}`
  const dir = await mkdtemp(join(tmpdir(), 'winnow-test-'))
  const storeDir = join(dir, 'models')
  const env: Environment = {
    WINNOW_KAFKA_BROKERS: stack.brokers.join(','),
    WINNOW_REGISTRY_URL: stack.registryUrl,
    WINNOW_CLICKHOUSE_URL: stack.clickhouseUrl,
    WINNOW_CLICKHOUSE_DATABASE: name,
    WINNOW_TOPICS_PREFIX: `${name}.`,
    WINNOW_INFERENCE_MODEL: 'test',
    WINNOW_GATEWAY_PORT: '0',
    WINNOW_MODEL_STORE: storeDir,
    WINNOW_STATE: join(dir, 'state'),
    ...settings,
  }
  const config = loadConfig({ env })
  await Promise.all([prepareBackends(config), trainTestModel(storeDir)])
  const analytics = createAnalytics(config.clickhouse)
  return {
    env,
    config,
    kafka: createKafka(config.kafka),
    analytics,
    storeDir,
    async close() {
      await analytics.run(`DROP DATABASE IF EXISTS ${name}`)
      await analytics.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Texts of three kinds, different for each number. */
export function sampleText(number: number): { text: string; label: string } {
  const kinds = [
    { label: 'parcel', text: `where is my parcel number ${number}, it should be here by now` },
    { label: 'refund', text: `I want my money back for order ${number}, please refund me` },
    { label: 'praise', text: `thank you, item ${number} is wonderful and I love it` },
  ]
  return kinds[number % kinds.length]!
}

async function trainTestModel(storeDir: string): Promise<void> {
  const examples = Array.from({ length: 60 }, (_, number) => sampleText(number))
  await trainHead({
    train: { examples, manifest: describeExamples('samples', examples) },
    base: await openBase({ name: 'minilm-l6', storeDir: modelStoreDir() }),
    storeDir,
    name: 'test',
    maxTokens: 64,
    grid: [10],
    workers: 1,
  })
}
