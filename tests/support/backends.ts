// A separate database and topic prefix on the shared stack, with the clients to reach them. For a
// model see workspace.ts.
import { loadConfig } from '../../configs/load.ts'
import type { Config } from '../../configs/schema.ts'
import { createAnalytics, type Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { createKafka, type KafkaClient } from '../../infra/kafka/kafka.ts'
import type { StackConnections } from '../../infra/local/services/stack-state.ts'
import { prepareBackends } from '../../serving/backends.ts'
import type { Environment } from './cli.ts'

export type Backends = {
  readonly env: Environment
  readonly config: Config
  readonly kafka: KafkaClient
  readonly analytics: Analytics
  close(): Promise<void>
}

/** The variables that point a command at a stack outside its own folder. */
export function connectionVariables(stack: StackConnections): Environment {
  return {
    WINNOW_KAFKA_BROKERS: stack.brokers.join(','),
    WINNOW_REGISTRY_URL: stack.registryUrl,
    WINNOW_REGISTRY_TOKEN: stack.registryToken,
    WINNOW_CLICKHOUSE_URL: stack.clickhouseUrl,
    WINNOW_CLICKHOUSE_USERNAME: stack.clickhouseUsername,
    WINNOW_CLICKHOUSE_PASSWORD: stack.clickhousePassword,
  }
}

let opened = 0

/** A name that no other test file or run uses; a plain identifier. */
export function uniqueName(): string {
  return `t${process.pid}_${Date.now().toString(36)}_${opened++}`
}

/** Opens backends with all topics and tables; the caller closes them. */
export async function openBackends(
  stack: StackConnections,
  settings: Environment = {},
): Promise<Backends> {
  const name = uniqueName()
  const env: Environment = {
    ...connectionVariables(stack),
    WINNOW_CLICKHOUSE_DATABASE: name,
    WINNOW_TOPICS_PREFIX: `${name}.`,
    ...settings,
  }
  const config = loadConfig({ env })
  await prepareBackends(config, () => undefined)
  const analytics = createAnalytics(config.clickhouse)
  return {
    env,
    config,
    kafka: createKafka(config),
    analytics,
    async close() {
      await analytics.run(`DROP DATABASE IF EXISTS ${name}`)
      await analytics.close()
    },
  }
}
