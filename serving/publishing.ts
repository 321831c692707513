// Publishes a version, for `train --publish`, `models push` and `promote`. The files go to the
// store first, then the announcement to Kafka, the record to ClickHouse last. A failure before the
// announcement changes nothing that anyone sees. promoting.ts changes roles.
import { hostname, userInfo } from 'node:os'
import { pathToFileURL } from 'node:url'
import type { Config } from '../configs/schema.ts'
import type { Analytics } from '../infra/clickhouse/clickhouse.ts'
import { createKafka, type KafkaClient } from '../infra/kafka/kafka.ts'
import {
  createModelAnnouncements,
  type ModelAnnouncements,
} from '../infra/sinks/model-announcements.ts'
import { insertRelease, insertTrainingRun, type Release } from '../infra/sinks/release-rows.ts'
import { openSchemas, type Schemas } from '../infra/schema-registry/registry.ts'
import { topicOf } from '../infra/kafka/topics.ts'
import { adoptChampion, championOf, whileVersionStays } from '../models/store/champion.ts'
import { openFolderObjects } from '../models/store/folder-objects.ts'
import { describeRelease, promoted, published } from '../models/store/release-state.ts'
import { rememberHashes } from '../models/store/remembered-hashes.ts'
import { versionUrl, writeStateCopy } from '../models/store/remote-versions.ts'
import type { HashFile, ModelVersion } from '../models/store/version-files.ts'
import { openVersion } from '../models/store/version-store.ts'
import { resolveVersion } from '../models/store/version-resolver.ts'
import { claimNumber, uploadVersion } from '../models/store/version-upload.ts'
import { errorMessage, WinnowError } from '../schemas/errors.ts'
import type { Reach } from '../schemas/ports/fault-point.ts'
import type { ModelAnnouncement, ReleasedVersion } from '../schemas/model-announcement.ts'
import type { ObjectStore } from '../schemas/object-store.ts'
import type { Dataset } from '../trainers/data/dataset.ts'
import type { Verdict } from '../trainers/runs/publish-gate.ts'
import { readRunRecord, type RunRecord } from '../trainers/runs/run-record.ts'
import { trainingRow } from '../trainers/tracking/run-rows.ts'
import { openFaultPoints } from './fault-points.ts'
import { prepareBackends } from './backends.ts'
import { openAll, type OpenResources } from './open-resources.ts'
import { trackModels } from './model-tracking.ts'
import { passGate } from './release-gate.ts'
import { openPatientAnalytics } from './patience.ts'

/** The clients of the registry of models. */
export type Registry = {
  readonly config: Config
  readonly storeDir: string
  /** Undefined for store.kind local: versions stay in the local model store. */
  readonly objects: ObjectStore | undefined
  readonly announcements: ModelAnnouncements
  /** Reads the hashes of versions, once each. */
  readonly hashFile: HashFile
  /** Writes a row of model_releases; if ClickHouse is away it logs that and continues. */
  record(release: Release): Promise<void>
  recordRun(run: RunRecord, version: ModelVersion): Promise<void>
  readonly reach?: Reach | undefined
  /** Tells MLflow of a state, if one is in use; returns at once. */
  readonly track?: ((state: ModelAnnouncement) => void) | undefined
}

/** Who acts, for announcements and rows. */
export function whoAsks(): string {
  return `${userInfo().username}@${hostname()}`
}

/** Opens the artifact store that the configuration names; undefined for the kind local. */
export async function openObjects(config: Config['store']): Promise<ObjectStore | undefined> {
  switch (config.kind) {
    case 'local':
      return undefined
    case 'folder':
      if (config.path !== undefined) return openFolderObjects(config.path)
      throw new WinnowError('config_invalid', 'store.path is missing: store.kind folder needs it')
    case 's3':
      return (await import('../infra/store/s3-objects.ts')).openS3Objects(config)
  }
}

/**
 * Opens the registry with clients of its own, which the caller closes. Throws broker_unavailable,
 * registry_unavailable, config_invalid.
 */
export function openRegistry(options: {
  config: Config
  storeDir: string
  log: (line: string) => void
}): Promise<Registry & { close(): Promise<void> }> {
  const { config, log } = options
  return openAll(async (resources) => {
    await prepareBackends(config, log)
    const schemas = await openSchemas(config.registry, config.topics.prefix)
    const kafka = createKafka(config, log)
    const analytics = resources.add(openPatientAnalytics(config.clickhouse, { log }), (one) =>
      one.close(),
    )
    const clients = { kafka, schemas, analytics }
    const registry = await openRegistryWith(resources, { ...options, clients })
    return { ...registry, close: () => resources.close() }
  })
}

/**
 * Opens the registry with clients that are open. What it opens itself is closed with `resources`.
 */
export async function openRegistryWith(
  resources: OpenResources,
  options: {
    config: Config
    storeDir: string
    log: (line: string) => void
    clients: { kafka: KafkaClient; schemas: Schemas; analytics: Analytics }
  },
): Promise<Registry> {
  const { config, storeDir, log, clients } = options
  const { kafka, schemas, analytics } = clients
  const faults = openFaultPoints()
  const store = await openObjects(config.store)
  const objects = store && faults.objects(store)
  if (objects !== undefined) {
    resources.add(objects, (one) => {
      one.close()
      return Promise.resolve()
    })
  }
  const noted = async (what: string, write: () => Promise<void>): Promise<void> => {
    await write().catch((error: unknown) => log(`${what} not recorded: ${errorMessage(error)}`))
  }
  const topic = topicOf(config.topics, 'models')
  const tracking = resources.add(
    trackModels({ config: config.tracking.mlflow, storeDir, log }),
    (one) => one.close(),
  )
  return {
    config,
    storeDir,
    objects,
    reach: faults.reach,
    hashFile: rememberHashes(),
    track: tracking.changed,
    announcements: createModelAnnouncements({ kafka, schemas }, topic),
    record: (release) => noted(release.kind, () => insertRelease(analytics, release)),
    recordRun: (run, version) =>
      noted('run', () =>
        insertTrainingRun(analytics, trainingRow(run), { model: version.manifest }),
      ),
  }
}

/** The result of publishing. */
export type Published = {
  readonly model: string
  readonly url: string
  readonly verdicts: readonly Verdict[]
  readonly forced: boolean
}

/**
 * Judges a version of the local store by the gate, uploads it and announces it on winnow.models.
 * The first version of a name becomes its champion at once. Throws publish_refused with the rules
 * that failed, unless `force` gives a reason to overrule them.
 */
export async function publishModel(
  registry: Registry,
  options: {
    version: ModelVersion
    /** Labelled texts for the comparison with the champion. */
    dataset?: Dataset | undefined
    force?: string | undefined
    by: string
    signal?: AbortSignal | undefined
  },
): Promise<Published> {
  const { announcements, reach } = registry
  const { version, force, by } = options
  const { name } = version
  const state = (await announcements.states()).get(name)
  const { verdicts, forced } = await passGate(registry, { ...options, state, what: 'published' })
  const { version: claimed, released } = await placeVersion(registry, options)
  const reason = forced ? `forced: ${force}` : ''
  const change = { name, released, by, reason, atMs: Date.now() }
  const next = await whileItStays(registry, claimed, () =>
    announcements.announce(name, (present) =>
      present === undefined ? promoted(present, change) : published(present, change),
    ),
  )
  await reach?.('publish-announced')
  await keepState(registry, next)
  await recordPublication(registry, { version: claimed, by, reason })
  return { model: claimed.ref, url: released.url, verdicts, forced }
}

/** A version that other machines can fetch. */
export type PlacedVersion = {
  /** Has a new number if its own was taken in the artifact store. */
  readonly version: ModelVersion
  /** What the announcement says about it. */
  readonly released: ReleasedVersion
  /** Whether it was new to the artifact store. */
  readonly isNew: boolean
}

/**
 * Uploads a version if there is an artifact store that lacks it. Without a store, the version stays
 * where it is.
 */
export async function placeVersion(
  registry: Registry,
  options: { version: ModelVersion; by: string; signal?: AbortSignal | undefined },
): Promise<PlacedVersion> {
  const { objects, storeDir, reach } = registry
  const { version, by, signal } = options
  const claimed =
    objects === undefined ? version : await claimNumber({ objects, storeDir, version, by })
  await reach?.('publish-claimed')
  const placed = objects && (await uploadVersion({ objects, version: claimed, signal }))
  await reach?.('publish-uploaded')
  const released = await describeRelease(claimed, addressOf(registry, claimed))
  return { version: claimed, released, isNew: placed?.outcome === 'uploaded' }
}

/** The location of a version in announcements. */
export function addressOf({ objects }: Pick<Registry, 'objects'>, version: ModelVersion): string {
  if (objects !== undefined) return versionUrl(objects, version)
  return `${pathToFileURL(version.dir).href}/`
}

/** The rows of a publication: the version, and the run that made it. */
export async function recordPublication(
  registry: Registry,
  publication: { version: ModelVersion; by: string; reason: string },
): Promise<void> {
  const { version, by, reason } = publication
  await registry.record({ kind: 'publish', model: version, by, reason })
  await recordTraining(registry, version)
}

/** What a change of a model's state needs from the registry. */
export type StateKeeper = Pick<
  Registry,
  'announcements' | 'objects' | 'storeDir' | 'record' | 'hashFile' | 'track'
>

/**
 * Announces a version while nobody can remove it from the local store. A version in the artifact
 * store need not be there.
 */
export function whileItStays<T>(
  { objects, storeDir }: Pick<Registry, 'objects' | 'storeDir'>,
  version: ModelVersion,
  announce: () => Promise<T>,
): Promise<T> {
  if (objects !== undefined) return announce()
  return whileVersionStays({ ...version, storeDir }, announce)
}

/**
 * Writes copies of the state for readers without Kafka: to the artifact store and the local one.
 */
export async function keepState(registry: StateKeeper, state: ModelAnnouncement): Promise<void> {
  const { objects, storeDir, hashFile } = registry
  const { name, champion, previous, challenger, shadow } = state
  if (objects !== undefined) await writeStateCopy(objects, state)
  if (champion !== null && (await championOf({ storeDir, name })) !== champion) {
    await resolveVersion({
      ref: `${name}@${champion}`,
      storeDir,
      objects,
      hashFile,
      note: () => undefined,
    })
  }
  await adoptChampion({ storeDir, name, champion, previous, challenger, shadow })
  registry.track?.(state)
}

/** The row of the run that made a version, if its record is in this store. */
async function recordTraining(registry: Registry, version: ModelVersion): Promise<void> {
  const { trainingRun } = version.manifest
  if (trainingRun === null) return
  const run = await readRunRecord(registry.storeDir, trainingRun)
  if (run !== undefined) await registry.recordRun(run, version)
}

/** Opens a version by reference, from the artifact store if the local one lacks it. */
export async function findVersion(options: {
  ref: string
  config: Config
  storeDir: string
  log: (line: string) => void
}): Promise<ModelVersion> {
  const { ref, storeDir, config, log } = options
  if (config.store.kind === 'local') return openVersion({ ref, storeDir })
  const objects = await openObjects(config.store)
  try {
    return await resolveVersion({ ref, storeDir, objects, note: log })
  } finally {
    objects?.close()
  }
}
