// Registered models of an MLflow server: a name, its versions, and the aliases that point to some
// of them. Which versions and aliases there should be is trainers/tracking/registered-models.ts.
import { z } from 'zod'
import { refusalCode, type MlflowHttp } from './mlflow-http.ts'

/** A version on the server, whose number the server gave. */
export type MlflowModelVersion = {
  readonly version: string
  readonly tags: Readonly<Record<string, string>>
}

/** A version to register. */
export type MlflowVersionDraft = {
  readonly name: string
  /** Where its files are. */
  readonly source: string
  readonly runId?: string | undefined
  readonly description: string
  readonly tags: Readonly<Record<string, string>>
}

/** Registered models; all throw `tracking_unavailable` and `tracking_refused`. */
export type MlflowModels = {
  /** Creates a registered model unless it is there, and gives the versions that aliases name. */
  registerModel(model: {
    readonly name: string
    readonly tags: Readonly<Record<string, string>>
  }): Promise<{ readonly aliases: Readonly<Record<string, string>> }>
  modelVersions(name: string): Promise<MlflowModelVersion[]>
  /** Registers a version, and gives the number that it got. */
  createVersion(draft: MlflowVersionDraft): Promise<string>
  /** Points an alias to a version, or removes it. */
  setAlias(alias: {
    readonly name: string
    readonly alias: string
    readonly version: string | undefined
  }): Promise<void>
}

const versionsPerPage = 100
const pagesMax = 1_000

const tagsSchema = z
  .array(z.looseObject({ key: z.string(), value: z.string().default('') }))
  .default([])

/** Creates the part of the client. */
export function createMlflowModels(http: MlflowHttp): MlflowModels {
  const aliasesOf = async (name: string): Promise<Record<string, string>> => {
    const aliases = z.array(z.looseObject({ alias: z.string(), version: z.string() })).default([])
    const answer = z.looseObject({ registered_model: z.looseObject({ aliases }) })
    const found = await http.call('registered-models/get', { query: { name }, answer })
    const entries = found.registered_model.aliases.map(({ alias, version }) => [alias, version])
    return Object.fromEntries(entries) as Record<string, string>
  }
  return {
    async registerModel({ name, tags }) {
      try {
        return { aliases: await aliasesOf(name) }
      } catch (error) {
        if (refusalCode(error) !== 'RESOURCE_DOES_NOT_EXIST') throw error
      }
      const body = { name, tags: tagList(tags) }
      try {
        await http.call('registered-models/create', { body, answer: z.unknown() })
        return { aliases: {} }
      } catch (error) {
        // Another process created it in between.
        if (refusalCode(error) !== 'RESOURCE_ALREADY_EXISTS') throw error
        return { aliases: await aliasesOf(name) }
      }
    },
    async modelVersions(name) {
      const page = z.looseObject({
        model_versions: z
          .array(z.looseObject({ version: z.string(), tags: tagsSchema }))
          .default([]),
        next_page_token: z.string().optional(),
      })
      const found: MlflowModelVersion[] = []
      const filter = `name='${name.replaceAll("'", "\\'")}'`
      let token: string | undefined
      for (let count = 0; count < pagesMax; count++) {
        const query = {
          filter,
          max_results: String(versionsPerPage),
          ...(token === undefined ? {} : { page_token: token }),
        }
        const answer = await http.call('model-versions/search', { query, answer: page })
        found.push(
          ...answer.model_versions.map(({ version, tags }) => ({
            version,
            tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
          })),
        )
        if (!answer.next_page_token) break
        token = answer.next_page_token
      }
      return found
    },
    async createVersion({ name, source, runId, description, tags }) {
      const body = { name, source, run_id: runId, description, tags: tagList(tags) }
      const answer = z.looseObject({ model_version: z.looseObject({ version: z.string() }) })
      return (await http.call('model-versions/create', { body, answer })).model_version.version
    },
    async setAlias({ name, alias, version }) {
      const path = 'registered-models/alias'
      const answer = z.unknown()
      if (version === undefined) {
        await http.call(path, { method: 'DELETE', body: { name, alias }, answer })
      } else {
        await http.call(path, { method: 'POST', body: { name, alias, version }, answer })
      }
    },
  }
}

function tagList(tags: Readonly<Record<string, string>>): { key: string; value: string }[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }))
}
