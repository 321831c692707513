// An MLflow tracking server in memory with the part of the REST API that Winnow uses. It refuses
// what MLflow refuses: a parameter that changes, too many entries in a batch, unknown runs. On
// demand it is slow, breaks off, or answers something else.
import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export type FakeRun = {
  readonly runId: string
  readonly experimentId: string
  readonly name: string
  status: string
  readonly params: Map<string, string>
  readonly tags: Map<string, string>
  /** One entry per key, step, time and value, as in MLflow's database. */
  readonly metrics: Set<string>
  /** Every metric as it was sent, with repetitions. */
  readonly metricsSent: string[]
  readonly datasets: string[]
}

export type FakeModel = {
  /** Number and tags. */
  readonly versions: {
    readonly version: string
    readonly runId: string
    tags: Map<string, string>
  }[]
  readonly aliases: Map<string, string>
}

/** Answers a request in place of the server; undefined lets the server answer. */
export type Misbehaviour = (path: string, response: ServerResponse) => 'answered' | undefined

export type FakeMlflow = {
  readonly url: string
  readonly experiments: Map<string, string>
  readonly runs: FakeRun[]
  /** Paths of all requests. */
  readonly requests: string[]
  /** Statuses that the next requests get instead of an answer. */
  readonly failures: number[]
  /** Uploaded bytes by path below the artifact proxy. */
  readonly artifacts: Map<string, Buffer>
  readonly models: Map<string, FakeModel>
  misbehave: Misbehaviour
  /** The scheme and root of the artifacts of new runs. */
  artifactRoot: string
  close(): Promise<void>
}

type Body = {
  readonly name?: string
  readonly experiment_id?: string
  readonly experiment_ids?: readonly string[]
  readonly run_name?: string
  readonly run_id?: string
  readonly status?: string
  readonly filter?: string
  readonly tags?: readonly { key: string; value: string }[]
  readonly params?: readonly { key: string; value: string }[]
  readonly metrics?: readonly { key: string; value: number; timestamp: number; step: number }[]
  readonly datasets?: readonly { dataset: { name: string } }[]
  readonly alias?: string
  readonly version?: string
}

class Refused extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Starts the server on a free port; the caller closes it. */
export async function startFakeMlflow(): Promise<FakeMlflow> {
  const experiments = new Map<string, string>()
  const runs: FakeRun[] = []
  const requests: string[] = []
  const failures: number[] = []
  const artifacts = new Map<string, Buffer>()
  const models = new Map<string, FakeModel>()
  const modelOf = (name: string): FakeModel => {
    const model = models.get(name)
    if (model === undefined) throw new Refused('RESOURCE_DOES_NOT_EXIST', `no model ${name}`)
    return model
  }
  const tagsIn = (tags: Body['tags'] = []): Map<string, string> =>
    new Map(tags.map(({ key, value }) => [key, value]))
  const tagList = (tags: Map<string, string>): object[] =>
    [...tags].map(([key, value]) => ({ key, value }))
  const runOf = (id: string | undefined): FakeRun => {
    const run = runs.find(({ runId }) => runId === id)
    if (run === undefined) throw new Refused('RESOURCE_DOES_NOT_EXIST', `no run ${id}`)
    return run
  }
  const answers: Record<string, (body: Body, query: URLSearchParams) => object> = {
    'experiments/get-by-name'(_, query) {
      const id = experiments.get(query.get('experiment_name') ?? '')
      if (id === undefined) throw new Refused('RESOURCE_DOES_NOT_EXIST', 'no such experiment')
      return { experiment: { experiment_id: id } }
    },
    'experiments/create'({ name = '' }) {
      experiments.set(name, String(experiments.size + 1))
      return { experiment_id: experiments.get(name) }
    },
    'runs/create'({ experiment_id: experimentId = '', run_name: name = '', tags = [] }) {
      const runId = `run-${runs.length}`
      const run = { runId, experimentId, name, status: 'RUNNING', tags: tagsIn(tags) }
      const empty = { params: new Map<string, string>(), metrics: new Set<string>() }
      runs.push({ ...run, ...empty, metricsSent: [], datasets: [] })
      return { run: { info: infoOf(runId), data: {} } }
    },
    'runs/log-batch'({ run_id: id, params = [], tags = [], metrics = [] }) {
      const run = runOf(id)
      if (params.length > 100 || tags.length > 100 || metrics.length > 1_000) {
        throw new Refused('INVALID_PARAMETER_VALUE', 'too many entries')
      }
      for (const { key, value } of params) {
        if ((run.params.get(key) ?? value) !== value) {
          throw new Refused('INVALID_PARAMETER_VALUE', `changing param ${key} is not allowed`)
        }
        run.params.set(key, value)
      }
      for (const { key, value } of tags) run.tags.set(key, value)
      for (const { key, step, timestamp, value } of metrics) {
        run.metrics.add(`${key} ${step} ${timestamp} ${value}`)
        run.metricsSent.push(`${key} ${step} ${timestamp} ${value}`)
      }
      return {}
    },
    'runs/update'({ run_id: id, status = '' }) {
      runOf(id).status = status
      return {}
    },
    'runs/search'({ experiment_ids: ids = [], filter = '' }) {
      const [, key = '', value] = /^tags\.`(.+)` = '(.+)'$/.exec(filter) ?? []
      const found = runs.filter(
        (run) => ids.includes(run.experimentId) && run.tags.get(key) === value,
      )
      return {
        runs: found.map(({ runId, tags }) => ({
          info: infoOf(runId),
          data: { tags: tagList(tags) },
        })),
      }
    },
    'runs/log-inputs'({ run_id: id, datasets = [] }) {
      for (const { dataset } of datasets) runOf(id).datasets.push(dataset.name)
      return {}
    },
    'registered-models/get'(_, query) {
      const { aliases } = modelOf(query.get('name') ?? '')
      const listed = [...aliases].map(([alias, version]) => ({ alias, version }))
      return { registered_model: { aliases: listed } }
    },
    'registered-models/create'({ name = '' }) {
      if (models.has(name)) throw new Refused('RESOURCE_ALREADY_EXISTS', `${name} exists`)
      models.set(name, { versions: [], aliases: new Map() })
      return {}
    },
    'registered-models/alias'({ name = '', alias = '', version }) {
      const model = modelOf(name)
      if (version === undefined) model.aliases.delete(alias)
      else model.aliases.set(alias, version)
      return {}
    },
    'model-versions/search'(_, query) {
      const [, name = ''] = /^name='(.+)'$/.exec(query.get('filter') ?? '') ?? []
      const { versions } = models.get(name) ?? { versions: [] }
      return {
        model_versions: versions.map(({ version, tags }) => ({ version, tags: tagList(tags) })),
      }
    },
    'model-versions/create'({ name = '', run_id: runId = '', tags = [] }) {
      const { versions } = modelOf(name)
      const version = String(versions.length + 1)
      versions.push({ version, runId, tags: tagsIn(tags) })
      return { model_version: { version } }
    },
  }
  const infoOf = (runId: string): object => ({
    run_id: runId,
    artifact_uri: `${fake.artifactRoot}/${runId}/artifacts`,
  })
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://fake')
      const path = pathname.replace('/api/2.0/mlflow/', '')
      const text = request.method === 'PUT' ? '' : Buffer.concat(parts).toString()
      requests.push(path)
      if (fake.misbehave(path, response) === 'answered') return
      const failure = failures.shift()
      const respond = (status: number, body: object): void => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      }
      if (failure !== undefined) {
        respond(failure, {})
        return
      }
      if (request.method === 'PUT') {
        const [, place = ''] = pathname.split('/mlflow-artifacts/artifacts/')
        artifacts.set(place, Buffer.concat(parts))
        respond(200, {})
        return
      }
      try {
        respond(200, answers[path]!(text === '' ? {} : (JSON.parse(text) as Body), searchParams))
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        const status = error.code === 'RESOURCE_DOES_NOT_EXIST' ? 404 : 400
        respond(status, { error_code: error.code, message: error.message })
      }
    })
  })
  const fake: FakeMlflow = {
    url: '',
    experiments,
    runs,
    requests,
    failures,
    artifacts,
    models,
    misbehave: () => undefined,
    artifactRoot: 'mlflow-artifacts:/1',
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(fake, { url: `http://127.0.0.1:${port}` })
}
