// The registry of models for the gateway: what `winnow models list`, `compare`, `promote`,
// `rollback`, `challenge` and `shadow` do, by the same code. One change runs at a time.
import { join } from 'node:path'
import type { ModelControl } from '../../gateway/models/model-control.ts'
import type { Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { readReleases } from '../../infra/readers/model-releases.ts'
import { compareVersions } from '../../infra/readers/version-comparison.ts'
import { championOf } from '../../models/store/champion.ts'
import { newestManifest } from '../../models/store/known-labels.ts'
import {
  hasReport,
  listVersionsWithRoles,
  versionReportFile,
} from '../../models/store/listed-versions.ts'
import { modelNamePattern, type Manifest } from '../../models/store/manifest.ts'
import { parseModelRef } from '../../models/store/model-ref.ts'
import { modelDir, readManifest, versionNumbers } from '../../models/store/version-files.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { ModelAnnouncement } from '../../schemas/model-announcement.ts'
import { promoteModel, rollBackModel, sideModel } from '../promoting.ts'
import type { Registry } from '../publishing.ts'
import { keepBriefly } from '../../models/runtime/briefly-kept.ts'
import type { ReadSlots } from './read-slots.ts'
import { readReport } from './report-file.ts'

/** How long a list of versions is kept. */
const keptMsMax = 2_000
/** The most label changes of a comparison. */
const flipsMax = 100
/** The longest time of a query of a comparison. */
const secondsMax = 20

/** Creates the registry for the gateway; the caller closes the clients. */
export function createModelRegistry(options: {
  readonly registry: Registry
  readonly analytics: Analytics
  /** `name@version` of the model that the gateway serves. */
  readonly serving: () => string | undefined
  /** Limits the comparisons at once. */
  readonly slots: ReadSlots
  /** What winnow.models says; undefined if it cannot be read. */
  readonly states: () => Promise<ReadonlyMap<string, ModelAnnouncement> | undefined>
}): ModelControl {
  const { registry, analytics, serving, slots } = options
  const { storeDir, config } = registry
  const states = keepBriefly(options.states, { msMax: keptMsMax })
  const listed = keepBriefly(
    async () => {
      const versions = await listVersionsWithRoles({
        ...{ storeDir, config },
        states: await states.read(),
      })
      return Promise.all(
        versions.map(async (one) => ({ ...one, hasReport: await hasReport(one.dir) })),
      )
    },
    { msMax: keptMsMax },
  )
  const changing = oneAtATime()
  const change: Changing = (work) =>
    changing(() =>
      work().finally(() => {
        states.forget()
        listed.forget()
      }),
    )
  const roles = { storeDir, states: () => states.read() }
  return {
    serving,
    list: () => listed.read(),
    describe: (ref) => describeModel(storeDir, ref ?? serving()?.split('@')[0]),
    async releases(name, limit) {
      const releases = await readReleases(analytics, { model: name, limit })
      if (releases.length === 0) await requireModel(roles, name)
      return releases
    },
    async compare(name, versions) {
      await requireModel(roles, name)
      const a = await versionOf(roles, name, versions.a)
      const b = await versionOf(roles, name, versions.b)
      if (a === b) {
        const message = `a and b are the same version, ${name}@${a}; name two versions`
        throw new WinnowError('parameter_invalid', message, { details: { parameter: 'b' } })
      }
      const compared = await slots(() =>
        compareVersions(analytics, { model: name, a, b }, { flipsMax, secondsMax }),
      )
      return { a: `${name}@${a}`, b: `${name}@${b}`, ...compared }
    },
    promote: ({ name, version, ...request }) =>
      change(() => promoteModel(registry, { ref: refOf(name, version), ...request })),
    rollBack: ({ name, by, reason }) =>
      change(async () => {
        requireName(name)
        let before: ModelAnnouncement | undefined
        const check = (state: ModelAnnouncement | undefined): void => {
          before = state
        }
        const state = await rollBackModel(registry, { name, by, reason, check })
        return { before, state }
      }),
    side: ({ name, version, ...request }) =>
      change(() => sideModel(registry, { ref: refOf(name, version), ...request })),
    async report(name, version) {
      const versions = await versionNumbers(storeDir, name)
      if (!versions.includes(version)) throw noVersion(name, version)
      return readReport(join(modelDir(storeDir, name), version), { file: versionReportFile })
    },
  }
}

type Changing = <T>(work: () => Promise<T>) => Promise<T>

/** Refuses a change while another one runs, because each may upload a version. */
function oneAtATime(): Changing {
  let isBusy = false
  return async (work) => {
    if (isBusy) {
      const message = 'Another change of a model is under way in this gateway; try again later'
      throw new WinnowError('queue_full', message)
    }
    isBusy = true
    try {
      return await work()
    } finally {
      isBusy = false
    }
  }
}

/** The reference NAME@VERSION. Throws `model_not_found` for what is none. */
function refOf(name: string, version: string): string {
  const ref = `${name}@${version}`
  parseModelRef(ref)
  return ref
}

/** Where models are known from: this store, and what is announced. */
type KnownRoles = {
  readonly storeDir: string
  readonly states: () => Promise<ReadonlyMap<string, ModelAnnouncement> | undefined>
}

/** Throws `model_not_found` for what cannot be the name of a model. */
function requireName(name: string): void {
  if (!modelNamePattern.test(name)) throw noModel(name)
}

/** A model may be announced although this store has no version of it. */
async function requireModel({ storeDir, states }: KnownRoles, name: string): Promise<void> {
  requireName(name)
  if ((await versionNumbers(storeDir, name)).length > 0) return
  if ((await states())?.has(name) !== true) throw noModel(name)
}

function noModel(name: string): WinnowError {
  return new WinnowError('model_not_found', `There is no model ${name}; GET /v1/models lists all`)
}

async function versionOf(
  { storeDir, states }: KnownRoles,
  name: string,
  version: string,
): Promise<string> {
  if (version !== 'champion') return version
  const announced = (await states())?.get(name)?.champion ?? undefined
  const champion = announced ?? (await championOf({ storeDir, name }))
  if (champion !== undefined) return champion
  throw new WinnowError('model_not_found', `${name} has no champion`)
}

/** The labels of a model: those of its champion or, without one, of its newest version. */
async function describeModel(storeDir: string, reference: string | undefined) {
  if (reference === undefined) {
    const message = 'model is missing, and this gateway serves no model'
    throw new WinnowError('parameter_invalid', message, { details: { parameter: 'model' } })
  }
  const ref = parseModelRef(reference)
  const { name } = ref
  const version =
    ref.kind === 'version'
      ? ref.version
      : await championOf({ storeDir, name }).catch(() => undefined)
  const manifest = await manifestOf(storeDir, name, version)
  const { labels, task, thresholds } = manifest
  return {
    name,
    version: ref.kind === 'default' ? undefined : version,
    labels,
    thresholds:
      task === 'multi-label'
        ? Object.fromEntries(labels.map((label, at) => [label, thresholds![at]!]))
        : undefined,
  }
}

async function manifestOf(
  storeDir: string,
  name: string,
  version: string | undefined,
): Promise<Manifest> {
  if (version === undefined) {
    const newest = await newestManifest({ storeDir, name })
    if (newest !== undefined) return newest
    throw noModel(name)
  }
  if (!(await versionNumbers(storeDir, name)).includes(version)) throw noVersion(name, version)
  return readManifest(join(modelDir(storeDir, name), version))
}

function noVersion(name: string, version: string): WinnowError {
  return new WinnowError(
    'model_not_found',
    `There is no ${name}@${version} in the model store of this gateway`,
  )
}
