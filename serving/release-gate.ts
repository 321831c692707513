// The gate that a version must pass before it is published or answers for events. It compares the
// version with the champion, records the verdict and lets a person overrule it.
// trainers/runs/publish-gate.ts has the rules.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../configs/schema.ts'
import type { ModelAnnouncements } from '../infra/sinks/model-announcements.ts'
import type { Release } from '../infra/sinks/release-rows.ts'
import { sha256OfBytes } from '../models/runtime/file-hash.ts'
import { keepVerdict, readVerdict } from '../models/store/gate-verdict.ts'
import { passedGate, releasedVersion } from '../models/store/release-state.ts'
import { remoteManifest } from '../models/store/remote-versions.ts'
import type { ModelVersion } from '../models/store/version-files.ts'
import { resolveVersion } from '../models/store/version-resolver.ts'
import { WinnowError } from '../schemas/errors.ts'
import type { ModelAnnouncement } from '../schemas/model-announcement.ts'
import type { ObjectStore } from '../schemas/object-store.ts'
import type { Dataset } from '../trainers/data/dataset.ts'
import { evaluateModel, sameLabels } from '../trainers/evaluation/evaluate-version.ts'
import { judgeVersion, type ChampionCheck, type Verdict } from '../trainers/runs/publish-gate.ts'

/** What the gate needs from the model registry. */
type Registry = {
  readonly config: Config
  readonly storeDir: string
  readonly objects: ObjectStore | undefined
  readonly announcements: Pick<ModelAnnouncements, 'states'>
  record(release: Release): Promise<void>
}

/**
 * Judges a version. A refusal is recorded and kept with the version, so that no later promotion
 * ignores it; `force` overrules it. Throws publish_refused with the rules that failed.
 */
export async function passGate(
  registry: Registry,
  options: {
    version: ModelVersion
    dataset?: Dataset | undefined
    state: ModelAnnouncement | undefined
    force?: string | undefined
    by: string
    what: 'published' | 'promoted' | 'made the challenger'
    signal?: AbortSignal | undefined
  },
): Promise<{ verdicts: readonly Verdict[]; forced: boolean }> {
  const { version, force, by, what } = options
  const champion = await checkChampion(registry, options)
  const { metrics } = version.manifest
  const verdicts = judgeVersion(registry.config.publish, { metrics, champion })
  const failed = verdicts.filter(({ passed }) => !passed)
  if (failed.length > 0 && force === undefined) {
    const because = failed.map((verdict) => verdict.because).join('; ')
    await keepVerdict(version.dir, { passed: false, because })
    await registry.record({ kind: 'refusal', model: version, by, reason: `gate: ${because}` })
    throw new WinnowError('publish_refused', `${version.ref} is not ${what}: ${because}.`, {
      details: { verdicts },
    })
  }
  const forced = failed.length > 0
  const because = forced
    ? `forced: ${force}`
    : verdicts.map((verdict) => verdict.because).join('; ')
  await keepVerdict(version.dir, { passed: true, because })
  return { verdicts, forced }
}

/** What a promotion or a challenge may give the gate. */
export type GateRequest = {
  /** Labelled texts for the comparison with the champion. */
  readonly dataset?: Dataset | undefined
  /** The reason to overrule the gate. */
  readonly force?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The gate before a version answers for events. A version that has passed before, or was champion,
 * is not judged again; any other is, on the texts if there are some. Returns whether the gate was
 * overruled.
 */
export async function passGateOnce(
  registry: Registry,
  request: GateRequest & {
    version: ModelVersion
    by: string
    what: 'promoted' | 'made the challenger'
  },
): Promise<{ forced: boolean }> {
  const { version, dataset, force, by, what } = request
  const state = (await registry.announcements.states()).get(version.name)
  const verdict = await readVerdict(version.dir)
  if (verdict?.passed === false && dataset === undefined && force === undefined) {
    const { because } = verdict
    await registry.record({ kind: 'refusal', model: version, by, reason: `gate: ${because}` })
    throw new WinnowError(
      'publish_refused',
      `${version.ref} is not ${what}: the gate refused it (${because}). ` +
        'Let it be judged again (`winnow models promote --data SRC`), or overrule the gate with a ' +
        'reason (`--force REASON`, or `force` over HTTP).',
      { details: { because } },
    )
  }
  if (dataset === undefined && verdict?.passed !== false) {
    const passed = verdict?.passed === true || (await wasPublished(registry, version, state))
    if (passed) return { forced: false }
  }
  return passGate(registry, { ...request, state })
}

/**
 * Whether this very version has passed the gate on any machine: an announcement or the store says
 * so.
 */
async function wasPublished(
  { objects }: Registry,
  version: ModelVersion,
  state: ModelAnnouncement | undefined,
): Promise<boolean> {
  const manifest = await readFile(join(version.dir, 'manifest.json'))
  const manifestSha256 = sha256OfBytes(manifest)
  if (passedGate(state, { version: version.version, manifestSha256 })) return true
  if (objects === undefined) return false
  return (await remoteManifest(objects, version))?.bytes.equals(manifest) === true
}

async function checkChampion(
  registry: Registry,
  options: {
    version: ModelVersion
    dataset?: Dataset | undefined
    state: ModelAnnouncement | undefined
    signal?: AbortSignal | undefined
  },
): Promise<ChampionCheck> {
  const { version, dataset, state, signal } = options
  const champion = state?.champion ?? undefined
  if (champion === undefined) return { kind: 'no-champion' }
  if (state !== undefined && champion === version.version) return checkNumber(version, state)
  if (dataset === undefined) {
    const why = 'there are no test texts to compare with the champion on (--test, or --data)'
    return { kind: 'not-compared', why }
  }
  const { storeDir, objects } = registry
  const ref = `${version.name}@${champion}`
  const other = await resolveVersion({ ref, storeDir, objects, note: () => undefined, signal })
  if (!sameLabels(version, other)) {
    return { kind: 'not-compared', why: `${other.ref} has other labels` }
  }
  const { comparison } = await evaluateModel({ version, compareWith: other, dataset, signal })
  return { kind: 'compared', comparison: comparison! }
}

/**
 * The champion is not compared with itself; another version may have its number on this machine.
 */
async function checkNumber(
  version: ModelVersion,
  state: ModelAnnouncement,
): Promise<ChampionCheck> {
  const manifestSha256 = sha256OfBytes(await readFile(join(version.dir, 'manifest.json')))
  const announced = releasedVersion(state, version.version)
  if (announced?.manifestSha256 === manifestSha256) return { kind: 'is-champion' }
  return { kind: 'not-compared', why: `the champion ${version.ref} is another version` }
}
