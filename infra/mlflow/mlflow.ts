// A client of an MLflow tracking server by its REST API 2.0, which MLflow 3 has: experiments and
// runs. It owns requests and MLflow's limits. What is sent is trainers/tracking/.
import { z } from 'zod'
import { connectionProblem } from '../../configs/connection-problem.ts'
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { isTransient, serverOf, severalTimes } from '../http-server.ts'

/** A value of a metric at a step. */
export type MlflowMetric = {
  readonly key: string
  readonly value: number
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly step: number
}

/** What is logged to a run. */
export type MlflowEntries = {
  /** A parameter keeps its first value; another one is refused. */
  readonly params: Readonly<Record<string, string>>
  readonly metrics: readonly MlflowMetric[]
  /** A tag takes the last value. */
  readonly tags: Readonly<Record<string, string>>
}

/** A run on the server. */
export type MlflowRunFound = {
  readonly runId: string
  readonly tags: Readonly<Record<string, string>>
}

/** The server; nothing to close. All throw `tracking_unavailable` and `tracking_refused`. */
export type Mlflow = {
  /** The server's address without credentials. */
  readonly url: string
  /** The id of an experiment, which is created if there is none. */
  experimentId(name: string): Promise<string>
  /** All runs of an experiment whose tag has a value. */
  runsWithTag(
    experimentId: string,
    tag: { readonly key: string; readonly value: string },
  ): Promise<MlflowRunFound[]>
  /** Creates a run that has begun, and returns its id. */
  createRun(run: {
    readonly experimentId: string
    readonly name: string
    readonly startMs: number
    readonly tags: Readonly<Record<string, string>>
  }): Promise<string>
  /** Logs entries in batches; the same entries may be logged again. */
  log(runId: string, entries: MlflowEntries): Promise<void>
  endRun(
    runId: string,
    end: { readonly status: 'FINISHED' | 'FAILED'; readonly endMs: number },
  ): Promise<void>
}

/** Entries of one log-batch request: 1,000 metrics, 100 parameters and 100 tags. */
const metricsPerBatch = 1_000
const pairsPerBatch = 100
/** Longer parameters and tags are refused by some of the server's databases. */
const paramCharactersMax = 6_000
const tagCharactersMax = 5_000
const runsPerPage = 1_000
const pagesMax = 100

type Settings = Config['tracking']['mlflow'] & { readonly url: string }

/** One request: a path below the API, a body if there is one, and the form of the answer. */
type Call = <Answer>(
  path: string,
  request: { readonly body?: object | undefined; readonly answer: z.ZodType<Answer> },
) => Promise<Answer>

/** Creates the client. */
export function createMlflow(config: Settings): Mlflow {
  const { url, call } = createCall(config)
  const createExperiment = async (name: string): Promise<string> => {
    const answer = z.looseObject({ experiment_id: z.string() })
    return (await call('experiments/create', { body: { name }, answer })).experiment_id
  }
  const findExperiment = async (name: string): Promise<string> => {
    const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`
    const experiment = z.looseObject({ experiment_id: z.string() })
    return (await call(path, { answer: z.looseObject({ experiment }) })).experiment.experiment_id
  }
  return {
    url,
    async experimentId(name) {
      try {
        return await findExperiment(name)
      } catch (error) {
        if (serverCode(error) !== 'RESOURCE_DOES_NOT_EXIST') throw error
      }
      try {
        return await createExperiment(name)
      } catch (error) {
        // Another process created it in between.
        if (serverCode(error) !== 'RESOURCE_ALREADY_EXISTS') throw error
        return findExperiment(name)
      }
    },
    async runsWithTag(experimentId, { key, value }) {
      const found: MlflowRunFound[] = []
      let token: string | undefined
      for (let page = 0; page < pagesMax; page++) {
        const body = {
          experiment_ids: [experimentId],
          filter: `tags.\`${key}\` = '${value.replaceAll("'", "\\'")}'`,
          max_results: runsPerPage,
          page_token: token,
        }
        const { runs, next_page_token } = await call('runs/search', { body, answer: pageSchema })
        for (const { info, data } of runs) {
          const tags = Object.fromEntries(data.tags.map((tag) => [tag.key, tag.value]))
          found.push({ runId: info.run_id, tags })
        }
        if (!next_page_token) break
        token = next_page_token
      }
      return found
    },
    async createRun({ experimentId, name, startMs, tags }) {
      const body = {
        experiment_id: experimentId,
        run_name: name,
        start_time: startMs,
        tags: pairs(tags, tagCharactersMax),
      }
      const answer = z.looseObject({
        run: z.looseObject({ info: z.looseObject({ run_id: z.string() }) }),
      })
      return (await call('runs/create', { body, answer })).run.info.run_id
    },
    async log(runId, entries) {
      const params = pairs(entries.params, paramCharactersMax)
      const tags = pairs(entries.tags, tagCharactersMax)
      const batches = [
        ...chunks(params, pairsPerBatch).map((part) => ({ params: part })),
        ...chunks(tags, pairsPerBatch).map((part) => ({ tags: part })),
        ...chunks(entries.metrics, metricsPerBatch).map((part) => ({ metrics: part })),
      ]
      for (const batch of batches) {
        await call('runs/log-batch', { body: { run_id: runId, ...batch }, answer: z.unknown() })
      }
    },
    async endRun(runId, { status, endMs }) {
      const body = { run_id: runId, status, end_time: endMs }
      await call('runs/update', { body, answer: z.unknown() })
    },
  }
}

function createCall(config: Settings): { url: string; call: Call } {
  const server = serverOf(config)
  const { url } = server
  const headers = { 'content-type': 'application/json', ...server.headers }
  const call: Call = async (path, { body, answer }) => {
    const text = await severalTimes(
      async () => {
        const response = await fetch(`${url}/api/2.0/mlflow/${path}`, {
          method: body === undefined ? 'GET' : 'POST',
          headers,
          body: body === undefined ? null : JSON.stringify(body),
          signal: AbortSignal.timeout(config.requestMsMax),
        })
        const received = await response.text()
        if (!response.ok) throw new Refusal(response.status, received)
        return received
      },
      { isFinal },
    ).catch((cause: unknown) => {
      throw failureOf(cause, url)
    })
    return parsedAnswer(text, { answer, url })
  }
  return { url, call }
}

const pageSchema = z.looseObject({
  runs: z
    .array(
      z.looseObject({
        info: z.looseObject({ run_id: z.string() }),
        data: z.looseObject({
          tags: z.array(z.looseObject({ key: z.string(), value: z.string() })).default([]),
        }),
      }),
    )
    .default([]),
  next_page_token: z.string().optional(),
})

/** The server answered with a status other than success. */
class Refusal extends Error {
  readonly status: number
  /** Such as RESOURCE_DOES_NOT_EXIST. */
  readonly code: string | undefined

  constructor(status: number, text: string) {
    const { error_code: code, message } = refusalOf(text)
    super(`it answered with status ${status}${message === undefined ? '' : `: ${message}`}`)
    this.status = status
    this.code = code
  }
}

const refusalSchema = z.looseObject({
  error_code: z.string().optional(),
  message: z.string().optional(),
})

function refusalOf(text: string): z.output<typeof refusalSchema> {
  try {
    return refusalSchema.parse(JSON.parse(text))
  } catch {
    return {} // A proxy's error page.
  }
}

/** MLflow's code for a refusal. */
function serverCode(error: unknown): string | undefined {
  const cause = error instanceof WinnowError ? error.cause : undefined
  return cause instanceof Refusal ? cause.code : undefined
}

function isFinal(error: unknown): error is Refusal {
  return error instanceof Refusal && !isTransient(error.status)
}

function failureOf(cause: unknown, url: string): WinnowError {
  if (isFinal(cause)) {
    const message = `MLflow at ${url} refused a request: ${cause.message}`
    return new WinnowError('tracking_refused', message, { cause })
  }
  const message = `MLflow at ${url} cannot be used: ${connectionProblem(cause)}`
  return new WinnowError('tracking_unavailable', message, { cause })
}

function parsedAnswer<Answer>(
  text: string,
  { answer, url }: { answer: z.ZodType<Answer>; url: string },
): Answer {
  try {
    return answer.parse(text === '' ? {} : JSON.parse(text))
  } catch (cause) {
    const message = `What answers at ${url} is not MLflow's REST API.`
    throw new WinnowError('tracking_refused', message, { cause })
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
