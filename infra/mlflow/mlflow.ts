// A client of an MLflow tracking server by its REST API 2.0, which MLflow 3 has: experiments and
// runs. It owns MLflow's limits. Requests are mlflow-http.ts, and what is sent is
// trainers/tracking/.
import { userInfo } from 'node:os'
import { z } from 'zod'
import { createMlflowArtifacts, type MlflowArtifacts } from './mlflow-artifacts.ts'
import {
  createMlflowHttp,
  refusalCode,
  type MlflowHttp,
  type MlflowPatience,
  type MlflowSettings,
} from './mlflow-http.ts'
import { createMlflowModels, type MlflowModels } from './mlflow-models.ts'

/** A value of a metric at a step. */
export type MlflowMetric = {
  readonly key: string
  readonly value: number
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly step: number
}

/** A data set that a run used. */
export type MlflowDataset = {
  readonly name: string
  /** A content hash; MLflow keeps the first 36 characters. */
  readonly digest: string
  /** What it is used for: `training`, `validation` or `test`. */
  readonly context: string
  /** Where it comes from, as JSON. */
  readonly source: object
  /** Facts such as the number of examples, as JSON. */
  readonly profile: object
}

/** What is logged to a run. */
export type MlflowEntries = {
  /** A parameter keeps its first value; another one is refused. */
  readonly params: Readonly<Record<string, string>>
  readonly metrics: readonly MlflowMetric[]
  /** A tag takes the last value. */
  readonly tags: Readonly<Record<string, string>>
}

/** The statuses of runs that Winnow sets. */
export type MlflowStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED'

/** A run on the server. */
export type MlflowRunFound = {
  readonly runId: string
  /** Where the server keeps the run's artifacts. */
  readonly artifactUri: string
  readonly tags: Readonly<Record<string, string>>
}

/** The server; nothing to close. All throw `tracking_unavailable` and `tracking_refused`. */
export type Mlflow = MlflowArtifacts &
  MlflowModels & {
    /** The server's address without credentials. */
    readonly url: string
    /** The id of an experiment, which is created if there is none. */
    experimentId(name: string): Promise<string>
    /** All runs of an experiment whose tag has a value. */
    runsWithTag(
      experimentId: string,
      tag: { readonly key: string; readonly value: string },
    ): Promise<MlflowRunFound[]>
    /** Creates a run that has begun. */
    createRun(run: {
      readonly experimentId: string
      readonly name: string
      readonly startMs: number
      readonly tags: Readonly<Record<string, string>>
    }): Promise<MlflowRunFound>
    /** Logs entries in batches; the same entries may be logged again. */
    log(runId: string, entries: MlflowEntries): Promise<void>
    /** Names the data sets of a run; the same ones may be logged again. */
    logDatasets(runId: string, datasets: readonly MlflowDataset[]): Promise<void>
    /** Sets the status; of a run that has ended, with the time. */
    setStatus(
      runId: string,
      change: { readonly status: MlflowStatus; readonly endMs?: number | undefined },
    ): Promise<void>
  }

/** Entries of one log-batch request: 1,000 in all, of which 100 parameters and 100 tags. */
const metricsPerBatch = 800
const pairsPerBatch = 100
/** Longer parameters and tags are refused by some of the server's databases. */
const paramCharactersMax = 6_000
const tagCharactersMax = 5_000
/** Of a data set. */
const digestCharactersMax = 36
const nameCharactersMax = 500
/** So that a page is far below the limit on an answer. */
const runsPerPage = 100
const pagesMax = 1_000

/** Creates the client. */
export function createMlflow(config: MlflowSettings, patience: MlflowPatience = {}): Mlflow {
  const http = createMlflowHttp(config, patience)
  return {
    url: http.url,
    ...createMlflowArtifacts(http),
    ...createMlflowModels(http),
    experimentId: (name) => experimentId(http, name),
    runsWithTag: (experiment, tag) => runsWithTag(http, experiment, tag),
    async createRun({ experimentId: experiment, name, startMs, tags }) {
      const body = {
        experiment_id: experiment,
        run_name: name,
        start_time: startMs,
        tags: pairs({ ...userTag(), ...tags }, tagCharactersMax),
      }
      const answer = z.looseObject({ run: runSchema })
      return foundRun((await http.call('runs/create', { body, answer })).run)
    },
    async log(runId, entries) {
      const params = chunks(pairs(entries.params, paramCharactersMax), pairsPerBatch)
      const tags = chunks(pairs(entries.tags, tagCharactersMax), pairsPerBatch)
      const metrics = chunks(entries.metrics, metricsPerBatch)
      const batches = Math.max(params.length, tags.length, metrics.length)
      for (let at = 0; at < batches; at++) {
        const batch = { params: params[at], tags: tags[at], metrics: metrics[at] }
        const body = { run_id: runId, ...batch }
        await http.call('runs/log-batch', { body, answer: z.unknown() })
      }
    },
    async logDatasets(runId, datasets) {
      if (datasets.length === 0) return
      const body = { run_id: runId, datasets: datasets.map(datasetInput) }
      await http.call('runs/log-inputs', { body, answer: z.unknown() })
    },
    async setStatus(runId, { status, endMs }) {
      const body = { run_id: runId, status, end_time: endMs }
      await http.call('runs/update', { body, answer: z.unknown() })
    },
  }
}

async function experimentId(http: MlflowHttp, name: string): Promise<string> {
  try {
    return await findExperiment(http, name)
  } catch (error) {
    if (refusalCode(error) !== 'RESOURCE_DOES_NOT_EXIST') throw error
  }
  try {
    const answer = z.looseObject({ experiment_id: z.string() })
    // Without it, MLflow's pages show traces of language models first.
    const tags = [{ key: 'mlflow.experimentKind', value: 'custom_model_development' }]
    return (await http.call('experiments/create', { body: { name, tags }, answer })).experiment_id
  } catch (error) {
    // Another process created it in between.
    if (refusalCode(error) !== 'RESOURCE_ALREADY_EXISTS') throw error
    return findExperiment(http, name)
  }
}

async function findExperiment(http: MlflowHttp, name: string): Promise<string> {
  const experiment = z.looseObject({ experiment_id: z.string() })
  const answer = z.looseObject({ experiment })
  const query = { experiment_name: name }
  return (await http.call('experiments/get-by-name', { query, answer })).experiment.experiment_id
}

async function runsWithTag(
  http: MlflowHttp,
  experiment: string,
  { key, value }: { readonly key: string; readonly value: string },
): Promise<MlflowRunFound[]> {
  const found: MlflowRunFound[] = []
  let token: string | undefined
  for (let page = 0; page < pagesMax; page++) {
    const body = {
      experiment_ids: [experiment],
      filter: `tags.\`${key}\` = '${value.replaceAll("'", "\\'")}'`,
      max_results: runsPerPage,
      page_token: token,
    }
    const { runs, next_page_token } = await http.call('runs/search', { body, answer: pageSchema })
    found.push(...runs.map(foundRun))
    if (!next_page_token) break
    token = next_page_token
  }
  return found
}

const runSchema = z.looseObject({
  info: z.looseObject({ run_id: z.string(), artifact_uri: z.string().default('') }),
  data: z
    .looseObject({
      tags: z.array(z.looseObject({ key: z.string(), value: z.string() })).default([]),
    })
    .default({ tags: [] }),
})

const pageSchema = z.looseObject({
  runs: z.array(runSchema).default([]),
  next_page_token: z.string().optional(),
})

function foundRun({ info, data }: z.output<typeof runSchema>): MlflowRunFound {
  const tags = Object.fromEntries(data.tags.map((tag) => [tag.key, tag.value]))
  return { runId: info.run_id, artifactUri: info.artifact_uri, tags }
}

/** Who creates a run; a container may have no name for its user. */
function userTag(): Record<string, string> {
  try {
    return { 'mlflow.user': userInfo().username }
  } catch {
    return {}
  }
}

function datasetInput({ name, digest, context, source, profile }: MlflowDataset): object {
  return {
    dataset: {
      name: name.slice(0, nameCharactersMax),
      digest: digest.slice(0, digestCharactersMax),
      source_type: 'local',
      source: JSON.stringify(source),
      profile: JSON.stringify(profile),
    },
    tags: [{ key: 'mlflow.data.context', value: context }],
  }
}

function pairs(
  values: Readonly<Record<string, string>>,
  charactersMax: number,
): { key: string; value: string }[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: value.slice(0, charactersMax),
  }))
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, at) => items.slice(at * size, (at + 1) * size))
}
