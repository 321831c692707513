// Models of the store as MLflow's registered models: a version for each that was published or has a
// role, and the aliases champion and challenger. What was published is kept in mlflow.json of the
// model's folder before anything is sent, so that a sync can repair what a server missed.
import { join } from 'node:path'
import { z } from 'zod'
import type { Mlflow } from '../../infra/mlflow/mlflow.ts'
import type { MlflowVersionDraft } from '../../infra/mlflow/mlflow-models.ts'
import { rolesInStore } from '../../models/store/champion.ts'
import { withStoreLock } from '../../models/store/store-lock.ts'
import { modelDir, readManifest } from '../../models/store/version-files.ts'
import { readIfThere, writeWhole } from '../../models/runtime/whole-file.ts'
import { readSyncState } from './sync-state.ts'

/** Versions that were published: the address of each by its number. */
export type PublishedVersions = Readonly<Record<string, string>>

const publishedSchema = z.object({
  formatVersion: z.literal(1),
  published: z.record(z.string(), z.string()),
})

/** The aliases that follow Winnow's roles. */
const roleAliases = ['champion', 'challenger'] as const

const versionTag = 'winnow.version'
const lockWaitMsMax = 10_000

/** The signal ends a wait for another process that syncs the model. */
type Model = {
  readonly storeDir: string
  readonly name: string
  readonly signal?: AbortSignal | undefined
}

/** Notes versions that the server is to have; earlier ones stay. */
export async function notePublished(model: Model, versions: PublishedVersions): Promise<void> {
  await withStoreLock({ path: `${fileOf(model)}.lock`, waitMsMax: lockWaitMsMax }, async () => {
    const known = await publishedVersions(model)
    const published = { ...known, ...versions }
    if (Object.keys(versions).every((version) => known[version] === versions[version])) return
    const file = { formatVersion: 1, published }
    await writeWhole(fileOf(model), `${JSON.stringify(file, null, 2)}\n`)
  })
}

/**
 * Registers the versions of a model that the server lacks, and points the aliases to those that
 * have the roles in this store. Other aliases and versions stay. `none` means that no version was
 * published or has a role.
 *
 * @throws WinnowError `tracking_unavailable`, `tracking_refused`.
 */
export async function syncModel(
  mlflow: Mlflow,
  model: Model,
): Promise<'none' | 'unchanged' | 'sent'> {
  const { name } = model
  const roles = await rolesInStore(model)
  const published = await publishedVersions(model)
  const holders = {
    champion: roles?.champion ?? undefined,
    challenger: roles?.challenger?.version,
  }
  const wanted = new Set([
    ...Object.keys(published),
    ...(roles?.previous ?? []),
    ...Object.values(holders).filter((version) => version !== undefined),
  ])
  if (wanted.size === 0) return 'none'
  return withStoreLock(syncLockOf(model), async () => {
    let isChanged = false
    const { aliases } = await mlflow.registerModel({ name, tags: { 'winnow.model': name } })
    const found = await mlflow.modelVersions(name)
    const numberOf = new Map(found.map(({ version, tags }) => [tags[versionTag], version]))
    for (const version of [...wanted].sort((a, b) => Number(a) - Number(b))) {
      if (numberOf.has(version)) continue
      const draft = await versionDraft(mlflow, { ...model, version, url: published[version] })
      numberOf.set(version, await mlflow.createVersion(draft))
      isChanged = true
    }
    for (const alias of roleAliases) {
      const holder = holders[alias]
      const version = holder === undefined ? undefined : numberOf.get(holder)
      if (aliases[alias] === version) continue
      await mlflow.setAlias({ name, alias, version })
      isChanged = true
    }
    return isChanged ? 'sent' : 'unchanged'
  })
}

/** The fields of a version on the server, with the run that made it if the server has it. */
async function versionDraft(
  { url: serverUrl }: Mlflow,
  { storeDir, name, version, url }: Model & { version: string; url: string | undefined },
): Promise<MlflowVersionDraft> {
  const ref = `${name}@${version}`
  // A version may lie in the artifact store only, or be damaged here.
  const dir = join(modelDir(storeDir, name), version)
  const manifest = await readManifest(dir).catch(() => undefined)
  const { trainingRun = null, method, graphSha256 } = manifest ?? {}
  const state =
    trainingRun === null
      ? undefined
      : await readSyncState(join(storeDir, 'runs', trainingRun), serverUrl)
  const sent = trainingRun === null ? undefined : state?.runs[trainingRun]
  const tags = {
    [versionTag]: version,
    'winnow.method': method,
    'winnow.run': trainingRun ?? undefined,
    'winnow.url': url,
    'winnow.graphSha256': graphSha256,
  }
  return {
    name,
    // The folder of the run's artifacts that has the manifest; a server refuses local paths.
    source: sent === undefined ? `winnow:/${name}/${version}` : `${sent.artifactUri}/model`,
    runId: sent?.runId,
    description: `${ref} of Winnow${url === undefined ? '' : `, at ${url}`}`,
    tags: Object.fromEntries(
      Object.entries(tags).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  }
}

async function publishedVersions(model: Model): Promise<PublishedVersions> {
  const text = await readIfThere(fileOf(model))
  if (text === undefined) return {}
  try {
    return publishedSchema.parse(JSON.parse(text)).published
  } catch {
    return {} // Damaged: versions with a role are still found.
  }
}

function fileOf({ storeDir, name }: Model): string {
  return join(modelDir(storeDir, name), 'mlflow.json')
}

/** The lock of the process that sends the model; notes do not wait for it. */
function syncLockOf(model: Model): Parameters<typeof withStoreLock>[0] {
  const path = join(modelDir(model.storeDir, model.name), 'mlflow.lock')
  return { path, waitMsMax: lockWaitMsMax, signal: model.signal }
}
