// What all runs of the fault tests share: the stack behind relays, a store with two versions of a
// small model that give the same bits, and the database of a clean run to compare with.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openProducer } from '../../../infra/kafka/kafka.ts'
import { topicOf } from '../../../infra/kafka/topics.ts'
import { openBackends, type Backends } from '../../support/backends.ts'
import type { Environment } from '../../support/cli.ts'
import { until } from '../../support/until.ts'
import { sampleText, trainTestModel } from '../../support/workspace.ts'
import { startActor, stopActor } from './actor.ts'
import { openFaultStack, type FaultStack } from './fault-stack.ts'
import { textCount } from './load.ts'

export type Ground = {
  readonly stack: FaultStack
  readonly dir: string
  /** Holds test@1, test@2, and the same head once more as twin@1. */
  readonly storeDir: string
  /** Settings of every process: short sessions and timeouts, small blocks. */
  readonly env: Environment
  /** The database of the clean run. */
  readonly clean: string
  /** Repairs every fault of links, disk and services. */
  repair(): Promise<void>
  close(): Promise<void>
}

const settings: Environment = {
  WINNOW_INFERENCE_MODEL: 'test',
  WINNOW_INFERENCE_WORKERS: '1',
  WINNOW_GATEWAY_PORT: '0',
  WINNOW_TOPICS_PARTITIONS: '3',
  WINNOW_KAFKA_SESSION_MS_MAX: '4000',
  WINNOW_KAFKA_REQUEST_MS_MAX: '5000',
  WINNOW_CLICKHOUSE_REQUEST_MS_MAX: '3000',
  WINNOW_STREAM_RETRY_MS_MAX: '1000',
  WINNOW_STREAM_BLOCK_AGE_MS_MAX: '100',
}

/**
 * Starts the stack, trains the model, and does the clean run. The caller closes it. On the small
 * base processes start and swap sooner; the figures of the long forms are those of minilm-l6.
 */
export async function openGround(base: 'small' | 'minilm-l6' = 'minilm-l6'): Promise<Ground> {
  const dir = await mkdtemp(join(tmpdir(), 'winnow-faults-'))
  const storeDir = join(dir, 'models')
  const [stack] = await Promise.all([openFaultStack(), trainTestModel(storeDir, { base })])
  try {
    await trainTestModel(storeDir, { base })
    await trainTestModel(storeDir, { base, name: 'twin' })
    const env = { ...settings, WINNOW_MODEL_STORE: storeDir, WINNOW_STATE: join(dir, 'state') }
    const backends = await openBackends(stack.addresses, env)
    await cleanRun(backends)
    await cp(join(storeDir), join(dir, 'stages'), { recursive: true })
    const repair = async () => {
      for (const link of Object.values(stack.links)) link.restore()
      await stack.disk?.clear()
      await stack.start()
    }
    return {
      stack,
      dir,
      storeDir,
      env,
      clean: backends.config.clickhouse.database,
      repair,
      async close() {
        await backends.close()
        await stack.close()
        await rm(dir, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await stack.close()
    throw error
  }
}

/** Classifies every text of the load once, without faults. */
async function cleanRun({ kafka, config, env, analytics }: Backends): Promise<void> {
  const producer = await openProducer(kafka)
  const records = Array.from({ length: textCount }, (_, number) => {
    const { text } = sampleText(number)
    return { key: `clean-${number}`, value: JSON.stringify({ id: `clean-${number}`, text }) }
  })
  const actor = startActor(['stream', '--stages', 'validate..infer'], { env })
  try {
    await producer.send(topicOf(config.topics, 'events'), records)
    await actor.ready
    await until('the clean run', async () => {
      const [row] = await analytics.rows<{ n: number }>('SELECT count() AS n FROM classifications')
      return row!.n === textCount
    })
  } finally {
    await stopActor(actor)
    await producer.close()
  }
}
