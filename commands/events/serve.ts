// `winnow serve`: runs the HTTP gateway with its clients and, unless disabled, the model.
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../../configs/schema.ts'
import { createGateway, failureText } from '../../gateway/app.ts'
import { createAuthentication } from '../../gateway/http/auth.ts'
import { keysPath, openKeyFile, type KeyFile } from '../../serving/gateway/key-file.ts'
import { listen } from '../../gateway/http/server.ts'
import { createWorkQueue, mapInTurns } from '../../gateway/http/work-queue.ts'
import { LiveResults } from '../../gateway/stream/live-results.ts'
import { createAnalytics } from '../../infra/clickhouse/clickhouse.ts'
import { createEventPublisher, type MapInTurns } from '../../infra/sinks/event-publisher.ts'
import { groupSends } from '../../infra/sinks/grouped-producer.ts'
import { createLabelPublisher } from '../../infra/sinks/label-publisher.ts'
import { createKafka, openProducer, pingBroker } from '../../infra/kafka/kafka.ts'
import { openSchemas } from '../../infra/schema-registry/registry.ts'
import { createResultLog } from '../../infra/readers/result-log-reader.ts'
import { openRequestJournal } from '../../infra/journal/request-journal.ts'
import { createEventOutcomes } from '../../infra/readers/event-outcomes.ts'
import { createResultReader } from '../../infra/readers/result-reader.ts'
import { createTelemetry, type Telemetry } from '../../infra/telemetry.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { createKnownLabels } from '../../models/store/known-labels.ts'
import type { SwappableModel } from '../../models/inference/swappable-model.ts'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { storedIds } from '../../schemas/hashed-id.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { prepareService } from '../../serving/backends.ts'
import { gatewayFigures, showLive } from '../live-figures.ts'
import type { OpenModel } from '../../serving/model.ts'
import { closing, openAll, type OpenResources } from '../../serving/open-resources.ts'
import { openControl } from '../../serving/control/open-control.ts'
import { checkAddress, checkModel } from '../option-checks.ts'
import { createTokenCheck } from '../../serving/gateway/token-check.ts'
import { createPageFiles } from '../../serving/gateway/page-files.ts'
import { outcomesByOwnId, resultsByOwnId } from '../../serving/gateway/stored-ids.ts'
import { createOnlineExplainer } from '../../serving/online-explainer.ts'
import { openOnlineModels } from '../../serving/online/online-models.ts'
import { recordService } from '../../serving/service-record.ts'
import { openServingModel, type ServingOptions } from '../../serving/serving-model.ts'
import { addCommand, wholeNumber } from '../shared-options.ts'
import { createDeadLetters } from '../../serving/letters/dead-letters.ts'
import { createStreamAnalytics } from '../../serving/figures/stream-analytics.ts'
import { failureSignal } from '../../serving/failure-signal.ts'
import { aborted, untilStopped } from '../signals.ts'
import { logLine, timedLog } from '../terminal.ts'

type Options = SharedOptions & { host?: string; port?: number; model?: string }

export type Served = {
  readonly url: string
  readonly model: string | undefined
  readonly telemetry: Telemetry
  /** Rejects when the models can no longer be followed, for good. */
  readonly failed: Promise<never>
  close(): Promise<void>
}

/** Adds `serve` to the program. */
export function addServeCommand(program: Command): void {
  addCommand(program, {
    name: 'serve',
    summary: 'run the HTTP gateway with the dashboard',
    description:
      'Serves the dashboard at /, the HTTP API with its description at /docs, probes and /metrics.\n' +
      'On an address other than loopback it needs API keys: `winnow keys create` makes one.',
    examples: [
      'winnow serve',
      'winnow serve --port 8080 --model intent@champion',
      `curl localhost:18080/v1/events -H content-type:application/json -d '{"text":"my parcel?"}'`,
    ],
  })
    .option('--host <address>', 'address to listen on')
    .option('--port <port>', 'port to listen on; 0 picks a free one', wholeNumber(0, 65_535))
    .option('--model <ref>', 'model for /v1/classify and /v1/explain')
    .action(async (options: Options) => {
      const context = await openContext(options, {
        'gateway.host': options.host,
        'gateway.port': options.port,
        'inference.model': options.model,
      })
      const { config, terminal, paths } = context
      const keys = await openKeyFile(keysPath(config.gateway, paths.state), logLine)
      const tokens = createTokenCheck(config.gateway.oidc)
      createAuthentication(config.gateway, { ring: keys, tokens })
      await checkAddress('gateway', config.gateway)
      if (options.model !== undefined) await checkModel(options.model, context)
      await prepareService(config, logLine)
      await untilStopped(async (signal) => {
        const log = timedLog(terminal)
        const served = await openGateway({
          ...{ config, storeDir: paths.store, stateDir: paths.state },
          ...{ keys, log },
        })
        const forget = await recordService(paths.state, { name: 'gateway', url: served.url })
        terminal.say(
          `gateway on ${served.url}, ` +
            `${served.model === undefined ? 'no model' : `model ${served.model}`}; stop with Ctrl-C`,
        )
        terminal.say(`dashboard: ${served.url}/   API: ${served.url}/docs`)
        terminal.document({ url: served.url, model: served.model })
        const hide = showLive(terminal, served.telemetry, gatewayFigures)
        await closing(
          () => Promise.race([aborted(signal), served.failed]).finally(hide),
          () => forget().finally(() => served.close()),
        )
      })
    })
}

/** Opens the clients, the model and the listener of a gateway. The caller closes it. */
export function openGateway(options: {
  config: Config
  storeDir: string
  /** The keys that `winnow keys` makes; closed with the gateway. */
  keys: KeyFile
  /** Where requests with an Idempotency-Key are remembered; nowhere if absent. */
  stateDir?: string
  log: (line: string) => void
}): Promise<Served> {
  const { config, log } = options
  return openAll(async (resources) => {
    const telemetry = createTelemetry()
    const analytics = resources.add(createAnalytics(config.clickhouse), (one) => one.close())
    const kafka = createKafka(config, log)
    const schemas = await openSchemas(config.registry, config.topics.prefix)
    const opened = groupSends(await openProducer(kafka))
    const producer = resources.add(opened, (one) => one.close())
    const { failed, fail } = failureSignal()
    const serving = config.gateway.models
      ? await openModelIfAny(resources, {
          ...options,
          telemetry,
          clients: { kafka, schemas, analytics },
          onFailure: fail,
          // A request names no event, so there is no id to draw a share by.
          secondaryRoles: [],
        })
      : undefined
    const keys = resources.add(options.keys, (one) => one.close())
    const queue = createWorkQueue()
    const journal =
      options.stateDir === undefined
        ? undefined
        : resources.add(
            await openRequestJournal(
              join(options.stateDir, `gateway-${config.gateway.port}-requests.jsonl`),
            ),
            (one) => one.close(),
          )
    const storedId = storedIds(config.retention)
    const inTurns: MapInTurns = (items, map) => mapInTurns(queue, items, map)
    const clients = { producer, schemas, inTurns }
    const live = new LiveResults({
      log: createResultLog(analytics),
      gateway: config.gateway,
      queue,
      onFailure: (error) => log(`results are not streamed: ${errorMessage(error)}`),
    })
    const app = createGateway({
      config,
      queue,
      publisher: createEventPublisher(clients, topicOf(config.topics, 'events')),
      labels: createLabelPublisher({ ...clients, storedId }, topicOf(config.topics, 'labels')),
      knownLabels: createKnownLabels({
        storeDir: options.storeDir,
        servingLabels: () => serving?.current.manifest.labels,
      }),
      results: resultsByOwnId(createResultReader(analytics), storedId),
      ...(config.gateway.models && {
        models: await openOnlineModels(resources, { ...options, serving, queue, telemetry }),
      }),
      live,
      deadLetters: createDeadLetters({ kafka, analytics, producer }, config),
      analytics: createStreamAnalytics({ kafka, analytics }, config),
      ...(await openControl(resources, {
        ...options,
        clients: { kafka, schemas, analytics },
        serving: () => serving?.current.ref,
      })),
      outcomes: outcomesByOwnId(createEventOutcomes(analytics), storedId),
      ...(journal !== undefined && { journal }),
      ...(serving === undefined
        ? {}
        : {
            explainer: resources.add(createOnlineExplainer(serving, config), (one) => one.close()),
          }),
      pages: createPageFiles(),
      keys,
      tokens: createTokenCheck(config.gateway.oidc),
      health: [
        { name: 'kafka', check: () => pingBroker(kafka) },
        { name: 'clickhouse', check: () => analytics.ping() },
      ],
      metrics: telemetry,
      metricsText: () => telemetry.registry.metrics(),
      onFailure: (failure) => {
        log(failureText(failure))
      },
    })
    const server = resources.add(await listen(app, config.gateway, log), (one) => one.close())
    // Closed before the server, which waits for open responses.
    resources.add(live, (one) => one.close())
    const { url } = server
    const close = () => resources.close()
    return { url, model: serving?.current.ref, telemetry, failed, close }
  })
}

/** A gateway without a model still accepts events; /v1/classify then says what is missing. */
async function openModelIfAny(
  resources: OpenResources,
  options: ServingOptions,
): Promise<SwappableModel<OpenModel> | undefined> {
  try {
    return (await openServingModel(resources, options)).champion
  } catch (error) {
    if (!(error instanceof WinnowError) || error.code !== 'model_not_found') throw error
    options.log(`serving without a model: ${error.message}`)
    return undefined
  }
}
