// An MLflow tracking server in memory with the part of the REST API that Winnow uses. It refuses
// what MLflow refuses: a parameter that changes, too many entries in a batch, unknown runs.
import { createServer } from 'node:http'
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
}

export type FakeMlflow = {
  readonly url: string
  readonly experiments: Map<string, string>
  readonly runs: FakeRun[]
  /** Paths of all requests. */
  readonly requests: string[]
  /** Statuses that the next requests get instead of an answer. */
  readonly failures: number[]
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
      const own = new Map(tags.map(({ key, value }) => [key, value]))
      const run = { runId, experimentId, name, status: 'RUNNING', tags: own }
      runs.push({ ...run, params: new Map(), metrics: new Set() })
      return { run: { info: { run_id: runId }, data: {} } }
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
          info: { run_id: runId },
          data: { tags: [...tags].map(([name, own]) => ({ key: name, value: own })) },
        })),
      }
    },
  }
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (part: string) => (text += part))
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://fake')
      const path = pathname.replace('/api/2.0/mlflow/', '')
      requests.push(path)
      const failure = failures.shift()
      const respond = (status: number, body: object): void => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      }
      if (failure !== undefined) {
        respond(failure, {})
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
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    experiments,
    runs,
    requests,
    failures,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
