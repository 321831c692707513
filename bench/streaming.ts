// What benchmarks of the stream share: the settings for a stack, a model, the stream's process, and waiting
// for rows.
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { modelStoreDir } from '../configs/paths.ts'
import type { Analytics } from '../infra/clickhouse.ts'
import type { StackConnections } from '../infra/local/stack-state.ts'
import { openBase } from '../models/base-store.ts'
import { describeExamples } from '../trainers/dataset.ts'
import { trainHead } from '../trainers/train-head.ts'

/** Settings as the environment of a process: a stack, a model store, and the model of the benchmark. */
export function environmentOf(stack: StackConnections, storeDir: string): Record<string, string> {
  return {
    WINNOW_KAFKA_BROKERS: stack.brokers.join(','),
    WINNOW_REGISTRY_URL: stack.registryUrl,
    WINNOW_CLICKHOUSE_URL: stack.clickhouseUrl,
    WINNOW_MODEL_STORE: storeDir,
    WINNOW_INFERENCE_MODEL: 'bench',
  }
}

/** A small head; which weights it has does not change its speed. */
export async function trainBenchModel(storeDir: string): Promise<void> {
  const examples = Array.from({ length: 40 }, (_, index) => ({
    text: `text number ${index} about ${index % 2 === 0 ? 'parcels' : 'refunds'}`,
    label: index % 2 === 0 ? 'parcel' : 'refund',
  }))
  await trainHead({
    train: { examples, manifest: describeExamples('bench', examples) },
    base: await openBase({ name: 'minilm-l6', storeDir: modelStoreDir() }),
    ...{ storeDir, name: 'bench', maxTokens: 128, grid: [1], workers: 1 },
  })
}

/** Runs `winnow stream` over all stages. */
export function startStream(environment: Readonly<Record<string, string>>): ChildProcess {
  const cli = fileURLToPath(new URL('../cli.ts', import.meta.url))
  const args = ['--max-semi-space-size=8', cli, 'stream', '--stages', 'validate..infer']
  return spawn(process.execPath, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** Resolves when so many events with the prefix have rows of the main path. */
export async function rowsArrived(
  analytics: Analytics,
  prefix: string,
  count: number,
): Promise<void> {
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
