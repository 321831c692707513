// Publishing, promoting and rolling back: the steps that `train --publish`, `models push`, `promote`,
// `rollback` and the gateway share. The store gets the files first, Kafka the announcement after them,
// ClickHouse the record last; what fails before the announcement has changed nothing that anyone sees.
import { readFile } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Config } from '../configs/schema.ts'
import type { Promotion } from '../infra/guard-figures.ts'
import { createKafka } from '../infra/kafka.ts'
import { createModelAnnouncements, type ModelAnnouncements } from '../infra/model-announcements.ts'
import { insertRelease, insertTrainingRun, type Release } from '../infra/release-rows.ts'
import { openSchemas } from '../infra/registry.ts'
import { topicOf } from '../infra/topics.ts'
import { adoptChampion, championOf } from '../models/champion.ts'
import { namesHint } from '../models/model-ref.ts'
import { openFolderObjects } from '../models/folder-objects.ts'
import { describeRelease, promoted, published, rolledBack, sided } from '../models/release-state.ts'
import { rememberHashes } from '../models/remembered-hashes.ts'
import { versionUrl, writeStateCopy } from '../models/remote-versions.ts'
import { modelNames, type HashFile, type ModelVersion } from '../models/version-files.ts'
import { openVersion } from '../models/version-store.ts'
import { resolveVersion } from '../models/version-resolver.ts'
import { claimNumber, uploadVersion } from '../models/version-upload.ts'
import { errorMessage, WinnowError } from '../schemas/errors.ts'
import type { Reach } from '../schemas/fault-point.ts'
import type { ModelAnnouncement, SideRole } from '../schemas/model-announcement.ts'
import type { ObjectStore } from '../schemas/object-store.ts'
import type { Dataset } from '../trainers/dataset.ts'
import type { Verdict } from '../trainers/publish-gate.ts'
import type { RunRecord } from '../trainers/run-record.ts'
import { openFaultPoints } from './fault-points.ts'
import { prepareBackends } from './migrate.ts'
import { openAll } from './opened.ts'
import { passGate, passGateOnce, type GateRequest } from './release-gate.ts'
import { openPatientAnalytics } from './patience.ts'

/** The clients of the registry of models; the caller closes them. */
export type Registry = {
  readonly config: Config
  readonly storeDir: string
  /** Undefined with store.kind local: versions stay in the model store. */
  readonly objects: ObjectStore | undefined
  readonly announcements: ModelAnnouncements
  /** Reads the hashes of versions, each once. */
  readonly hashFile: HashFile
  /** Writes a row of model_releases; with ClickHouse away it says so and goes on. */
  record(release: Release): Promise<void>
  recordRun(run: RunRecord, version: ModelVersion): Promise<void>
  readonly reach?: Reach | undefined
  close(): Promise<void>
}

/** Who asks, as announcements and rows name them. */
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
      return (await import('../infra/s3-objects.ts')).openS3Objects(config)
  }
}

/** Opens the registry's clients. Throws broker_unavailable, registry_unavailable, config_invalid. */
export function openRegistry(options: {
  config: Config
  storeDir: string
  log: (line: string) => void
}): Promise<Registry> {
  const { config, storeDir, log } = options
  return openAll(async (opened) => {
    await prepareBackends(config, log)
    const faults = openFaultPoints()
    const store = await openObjects(config.store)
    const objects = store && faults.objects(store)
    if (objects !== undefined) {
      opened.add(objects, (one) => {
        one.close()
        return Promise.resolve()
      })
    }
    const schemas = await openSchemas(config.registry, config.topics.prefix)
    const kafka = createKafka(config, log)
    const analytics = opened.add(openPatientAnalytics(config.clickhouse, { log }), (one) =>
      one.close(),
    )
    const noted = async (what: string, write: () => Promise<void>): Promise<void> => {
      await write().catch((error: unknown) => log(`${what} not recorded: ${errorMessage(error)}`))
    }
    const topic = topicOf(config.topics, 'models')
    return {
      ...{ config, storeDir, objects, reach: faults.reach, hashFile: rememberHashes() },
      announcements: createModelAnnouncements({ kafka, schemas }, topic),
      record: (release) => noted(release.kind, () => insertRelease(analytics, release)),
      recordRun: (run, version) => noted('run', () => insertTrainingRun(analytics, run, version)),
      close: () => opened.close(),
    }
  })
}

/** What publishing came to. */
export type Published = {
  readonly model: string
  readonly url: string
  readonly verdicts: readonly Verdict[]
  readonly forced: boolean
}

/**
 * Takes a version of the local store through the gate, into the artifact store and onto winnow.models.
 * The first version of a name becomes its champion at once. Throws publish_refused naming the rules
 * that failed, unless `force` says why they are overruled.
 */
export async function publishModel(
  registry: Registry,
  options: {
    version: ModelVersion
    /** Labelled texts to compare with the champion on. */
    dataset?: Dataset | undefined
    force?: string | undefined
    by: string
    signal?: AbortSignal | undefined
  },
): Promise<Published> {
  const { objects, announcements, storeDir, reach } = registry
  const { version, force, by, signal } = options
  const { name } = version
  const state = (await announcements.states()).get(name)
  const { verdicts, forced } = await passGate(registry, { ...options, state, what: 'published' })
  const claimed =
    objects === undefined ? version : await claimNumber({ ...{ objects, storeDir, version, by } })
  await reach?.('publish-claimed')
  const url =
    objects === undefined
      ? `${pathToFileURL(claimed.dir).href}/`
      : (await uploadVersion({ objects, version: claimed, signal })).url
  await reach?.('publish-uploaded')
  const released = await describeRelease(claimed, url)
  const reason = force === undefined ? '' : `forced: ${force}`
  const change = { name, released, by, reason, atMs: Date.now() }
  const next = await announcements.announce(name, (present) =>
    present === undefined ? promoted(present, change) : published(present, change),
  )
  await reach?.('publish-announced')
  await keepState(registry, next)
  await registry.record({ kind: 'publish', model: claimed, by, reason })
  await recordTraining(registry, claimed)
  return { model: claimed.ref, url, verdicts, forced }
}

/** A reason for the record, with that of a forced change in front. */
function recordedReason(reason: string, force: string | undefined): string {
  if (force === undefined) return reason
  return reason === '' ? `forced: ${force}` : `forced: ${force}; ${reason}`
}

/**
 * Makes a version that passes the gate the champion. A version that was never announced is announced with it.
 * Throws publish_refused.
 */
export async function promoteModel(
  registry: Registry,
  options: GateRequest & { ref: string; by: string; reason: string },
): Promise<ModelAnnouncement> {
  const { by } = options
  const { version, released } = await describeVersion(registry, options.ref)
  const { name } = version
  await passGateOnce(registry, { ...options, version, what: 'promoted' })
  const reason = recordedReason(options.reason, options.force)
  const next = await registry.announcements.announce(name, (state) =>
    promoted(state, { name, released, by, reason, atMs: Date.now() }),
  )
  await keepState(registry, next)
  await registry.record({ kind: 'promote', model: version, by, reason })
  return next
}

/**
 * Gives a version a part beside the champion for a share of the events, or with 0 percent ends it.
 * Throws usage for the champion, and where there is nothing to end; publish_refused for a challenger.
 */
export async function sideModel(
  registry: Registry,
  options: GateRequest & {
    ref: string
    role: SideRole
    percent: number
    by: string
    reason: string
  },
): Promise<ModelAnnouncement> {
  const { role, percent, by } = options
  const { version, released } = await describeVersion(registry, options.ref)
  const { name } = version
  // A shadow answers for nobody: it may be watched whatever the gate says.
  if (role === 'challenger' && percent > 0) {
    await passGateOnce(registry, { ...options, version, what: 'made the challenger' })
  }
  const reason = recordedReason(options.reason, options.force)
  const next = await registry.announcements.announce(name, (state) =>
    sided(state, { name, released, role, percent, by, reason, atMs: Date.now() }),
  )
  const share = percent === 0 ? 'ended' : `${percent} % of the events`
  await registry.record({
    kind: role === 'challenger' ? 'challenge' : 'shadow',
    ...{ model: version, by },
    reason: reason === '' ? share : `${share}: ${reason}`,
  })
  return next
}

/** A version with what an announcement says of it. */
async function describeVersion({ objects, storeDir, hashFile }: Registry, ref: string) {
  const version = await resolveVersion({ ref, storeDir, objects, hashFile, note: () => undefined })
  const url =
    objects === undefined ? `${pathToFileURL(version.dir).href}/` : versionUrl(objects, version)
  return { version, released: await describeRelease(version, url) }
}

type StateKeeper = Pick<Registry, 'announcements' | 'objects' | 'storeDir' | 'record' | 'hashFile'>

/** Makes the champion before the present one champion again. Throws model_not_found. */
export async function rollBackModel(
  registry: StateKeeper,
  options: {
    name: string
    by: string
    reason: string
    /** Throws where the present state is not the one that is meant. */
    check?: (state: ModelAnnouncement | undefined) => void
  },
): Promise<ModelAnnouncement> {
  const { name, by, reason, check } = options
  let isKnown = true
  const next = await registry.announcements
    .announce(name, (state) => {
      check?.(state)
      isKnown = state !== undefined
      return rolledBack(state, { name, by, reason, atMs: Date.now() })
    })
    .catch(async (error: unknown) => {
      throw isKnown ? error : await neverPublished(registry, name, error)
    })
  await keepState(registry, next)
  const model = { name, version: next.champion ?? '' }
  await registry.record({ kind: 'rollback', model, by, reason })
  return next
}

async function neverPublished(
  { announcements, storeDir }: StateKeeper,
  name: string,
  cause: unknown,
): Promise<unknown> {
  if (!(cause instanceof WinnowError) || cause.code !== 'model_not_found') return cause
  const published = [...(await announcements.states()).keys()].sort()
  const isLocal = (await modelNames(storeDir)).includes(name)
  const hint =
    published.length === 0 && !isLocal
      ? 'No model was published yet: `winnow models push` publishes one.'
      : isLocal
        ? `Publish it with \`winnow models push ${name}\`.`
        : namesHint(name, published)
  return new WinnowError('model_not_found', `${cause.message} ${hint}`, {
    ...{ cause, details: { name, known: published.slice(0, 100) } },
  })
}

/**
 * Rolls a promotion back, unless somebody did or promoted another version since. Of many that try at
 * once, one gets true: a write to winnow.models sees the state that the one before it left.
 */
export async function rollBackPromotion(
  registry: StateKeeper,
  options: { promotion: Promotion; by: string; reason: string },
): Promise<boolean> {
  const { promotion, by, reason } = options
  const over = new Error('the promotion is over')
  try {
    await rollBackModel(registry, {
      ...{ name: promotion.name, by, reason },
      check(state) {
        const { champion, promotedAtMs } = state ?? {}
        const isIt = champion === promotion.version && promotedAtMs === promotion.promotedAtMs
        if (!isIt) throw over
      },
    })
    return true
  } catch (error) {
    if (error === over) return false
    throw error
  }
}

/** The copies of the state for who cannot ask Kafka: in the artifact store and in the local one. */
async function keepState(registry: StateKeeper, state: ModelAnnouncement): Promise<void> {
  const { objects, storeDir, hashFile } = registry
  const { name, champion, previous } = state
  if (objects !== undefined) await writeStateCopy(objects, state)
  if (champion === null || (await championOf({ storeDir, name })) === champion) return
  const version = await resolveVersion({
    ...{ ref: `${name}@${champion}`, storeDir, objects, hashFile, note: () => undefined },
  })
  await adoptChampion({ storeDir, name: version.name, champion, previous })
}

/** The row of the run that made a version, where its record is in this store. */
async function recordTraining(registry: Registry, version: ModelVersion): Promise<void> {
  const { trainingRun } = version.manifest
  if (trainingRun === null) return
  const path = join(registry.storeDir, 'runs', trainingRun, 'run.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text !== undefined) await registry.recordRun(JSON.parse(text) as RunRecord, version)
}

/** Opens a version by reference, from the artifact store where it is not in the local one. */
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
