// Opens the models that a process serves and keeps them at what is announced, for consumers and the
// gateway.
import { hostname } from 'node:os'
import type { Config } from '../configs/schema.ts'
import type { Analytics } from '../infra/clickhouse/clickhouse.ts'
import { readGuardFigures } from '../infra/readers/guard-figures.ts'
import type { KafkaClient } from '../infra/kafka/kafka.ts'
import { createModelAnnouncements } from '../infra/sinks/model-announcements.ts'
import type { Schemas } from '../infra/schema-registry/registry.ts'
import { insertRelease, type Release } from '../infra/sinks/release-rows.ts'
import type { Telemetry } from '../infra/telemetry.ts'
import { topicOf } from '../infra/kafka/topics.ts'
import type { ComputedBatch } from '../models/inference/inference.ts'
import { isGuarded } from '../models/inference/guards.ts'
import type { Manifest } from '../models/store/manifest.ts'
import { SwappableModel, SecondaryModel } from '../models/inference/swappable-model.ts'
import type { PoolOptions } from '../models/inference/pool.ts'
import { rememberHashes } from '../models/store/remembered-hashes.ts'
import { startSpareThreads, type SpareThreads } from '../models/inference/session-thread.ts'
import { SharedEncoders } from '../models/inference/shared-encoders.ts'
import { shareTokenizers } from '../models/inference/shared-tokenizers.ts'
import type { ThreadPriority } from '../models/runtime/thread-priority.ts'
import type { readTokenizer } from '../models/inference/version-model.ts'
import type { HashFile, ModelVersion } from '../models/store/version-files.ts'
import { resolveVersion } from '../models/store/version-resolver.ts'
import { errorMessage } from '../schemas/errors.ts'
import type { Reach } from '../schemas/ports/fault-point.ts'
import type { SecondaryRole } from '../schemas/model-announcement.ts'
import { watchCascade, type CascadeWatchOptions } from '../models/cascade/cascade-watch.ts'
import { watchPromotions } from './guard-watch.ts'
import { followModel, follows, type ServingModels } from './model-follower.ts'
import { openModel, workersOf, type OpenModel } from './model.ts'
import type { OpenResources } from './open-resources.ts'
import { trackModels } from './model-tracking.ts'
import { rollBackPromotion } from './promoting.ts'
import { openObjects } from './publishing.ts'

export type ServingOptions = {
  readonly config: Config
  readonly storeDir: string
  readonly log: (line: string) => void
  readonly clients: { kafka: KafkaClient; schemas: Schemas; analytics: Analytics }
  readonly telemetry: Telemetry
  readonly reach?: Reach | undefined
  readonly onBatch?: (batch: ComputedBatch, manifest: Manifest) => void
  /** Following has failed for good: the broker refuses the client. */
  readonly onFailure: (error: Error) => void
  /** The roles beside the champion that the process gives work to. */
  readonly secondaryRoles: readonly SecondaryRole[]
  /** What versions are opened with. Default: openModelResources for this model alone. */
  readonly opening?: ModelResources | undefined
}

/** What the models of a process are opened with. */
export type ModelResources = {
  readonly spares: SpareThreads
  readonly readTokenizer: typeof readTokenizer
  readonly hashFile: HashFile
  /** With them, models over one encoder share its passes. */
  readonly encoders: SharedEncoders | undefined
}

/** Opens what models are opened with; closed with `resources`, after the models. */
export function openModelResources(
  resources: OpenResources,
  config: Config,
  encoders: 'shared' | 'own' = 'own',
): ModelResources {
  // The first thread loads the runtime while the version is found and its files are checked.
  // Threads of a replaced model serve the next one.
  const keptMax = workersOf(config.inference)
  return {
    spares: resources.add(startSpareThreads({ keptMax }), (one) => one.close()),
    readTokenizer: shareTokenizers(),
    hashFile: rememberHashes(),
    encoders: encoders === 'shared' ? new SharedEncoders() : undefined,
  }
}

/**
 * Opens the model that `inference.model` names and, unless it names one version, follows the
 * champion from then on. Everything it opens is closed with `resources`. Throws model_not_found,
 * model_corrupt, session_failed; if the artifact store is away, the local version serves, which is
 * logged.
 */
export async function openServingModel(
  resources: OpenResources,
  options: ServingOptions,
): Promise<ServingModels> {
  const { config, storeDir, log, clients, telemetry, reach, onBatch, secondaryRoles } = options
  const opening = options.opening ?? openModelResources(resources, config)
  const { spares, encoders, hashFile } = opening
  const objects = await openObjects(config.store)
  if (objects !== undefined) {
    resources.add(objects, (one) => {
      one.close()
      return Promise.resolve()
    })
  }
  const watching = cascadeWatching(options)
  const open = (
    version: ModelVersion,
    priority: ThreadPriority,
    readyWith: PoolOptions['readyWith'] = 'all',
  ): Promise<OpenModel> =>
    openModel({
      version,
      config: config.inference,
      readTokenizer: opening.readTokenizer,
      readyWith,
      priority,
      onFallback: log,
      // A background thread keeps its low priority, so it cannot serve anything else.
      ...(priority !== 'background' && { ...spares, encoders }),
      // As the metrics: what nobody waits for is left out.
      onAnswer: priority === 'background' ? undefined : watchCascade(version.manifest, watching),
      onBatch: (batch, manifest) => {
        // The metrics cover only what somebody waits for.
        if (priority !== 'background') telemetry.batch(batch)
        onBatch?.(batch, manifest)
      },
      onLookup: (lookup) => telemetry.lookedUp(lookup),
    })
  const { model: ref } = config.inference
  const version = await resolveVersion({ ref, storeDir, objects, hashFile, note: log })
  const first = await open(version, 'normal', 'first')
  const close = (one: { close(): Promise<void> }): Promise<void> => one.close()
  const models: ServingModels = {
    champion: resources.add(new SwappableModel(first), close),
    challenger: resources.add(new SecondaryModel<OpenModel>(), close),
    shadow: resources.add(new SecondaryModel<OpenModel>(), close),
  }
  const { name } = models.champion.current.manifest
  telemetry.serving(name, 'champion', models.champion.current.manifest.version)
  if (!follows(config.inference)) return models
  const { analytics, kafka, schemas } = clients
  const announcements = createModelAnnouncements(
    { kafka, schemas },
    topicOf(config.topics, 'models'),
  )
  const by = `${hostname()}/${process.pid}`
  const record = (release: Release): Promise<void> =>
    insertRelease(analytics, release).catch((error: unknown) =>
      log(`the ${release.kind} was not recorded in ClickHouse: ${errorMessage(error)}`),
    )
  const tracking = resources.add(
    trackModels({ config: config.tracking.mlflow, storeDir, log }),
    close,
  )
  // Processes that write rows watch the guards.
  const isWatched = secondaryRoles.length > 0 && isGuarded(config.guards)
  const guards = isWatched
    ? watchPromotions({
        config: config.guards,
        log,
        nowMs: () => Date.now(),
        readFigures: (promotion) => readGuardFigures(analytics, promotion, config.guards.windowMs),
        rollBack: (promotion, reason) =>
          rollBackPromotion(
            { announcements, objects, storeDir, record, hashFile, track: tracking.changed },
            { promotion, by, reason },
          ),
        onRollback: (guard) => telemetry.guarded(guard),
      })
    : undefined
  if (guards !== undefined) resources.add(guards, close)
  resources.add(
    followModel({
      models,
      secondaryRoles,
      objects,
      storeDir,
      config: config.inference,
      log,
      reach,
      hashFile,
      open: (wanted, role) => open(wanted, role === 'shadow' ? 'background' : 'loading'),
      announcements,
      by,
      record,
      onChange: (role, model) => telemetry.serving(name, role, model?.manifest.version),
      onRefusal: (reason) => telemetry.refused(reason),
      onFailure: options.onFailure,
      onState: (state) => guards?.onState(state),
    }),
    close,
  )
  return models
}

/** Where the figures of cascades go. */
function cascadeWatching({ telemetry, log }: ServingOptions): CascadeWatchOptions {
  return {
    count: (answeredBy) => telemetry.answered(answeredBy),
    shares: (shares) => telemetry.smallShares(shares),
    log,
  }
}
