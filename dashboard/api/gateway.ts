// The routes that the dashboard calls, each as one function that returns its answer.
import type { Event, RawRequest, Result, WinnowClient } from '../../client/client.ts'
import type {
  Agreement,
  Balance,
  DeadLetterDetail,
  DeadLetters,
  Explanation,
  Lag,
  LabelQueue,
  Me,
  Models,
  Outcome,
  QueueItem,
  Releases,
  Replayed,
  RunDetail,
  Run,
  Summary,
  Suspicious,
  Tokenized,
  VersionComparison,
} from './answers.ts'

/** The parameters of a GET request. */
type Query = NonNullable<RawRequest['query']>

/** What a person can do with a version. */
export type ReleaseAction = 'promote' | 'rollback' | 'challenge' | 'shadow'

/** The routes, bound to one client. */
export type DashboardGateway = ReturnType<typeof dashboardGateway>

/** Binds the routes to a client. Each function rejects as `WinnowClient.request` does. */
export function dashboardGateway(client: WinnowClient) {
  const get = async <Answer>(path: string, query?: Query, signal?: AbortSignal) => {
    const response = await client.request(path, { query, signal })
    return (await response.json()) as Answer
  }
  const post = async <Answer>(path: string, body: unknown, signal?: AbortSignal) => {
    const response = await client.request(path, { method: 'POST', body, signal })
    return (await response.json()) as Answer
  }
  const page = async (path: string, signal?: AbortSignal) =>
    (await client.request(path, { signal })).text()
  const model = (name: string) => `/v1/models/${encodeURIComponent(name)}`
  const run = (id: string) => `/v1/runs/${encodeURIComponent(id)}`
  return {
    client,
    me: (signal?: AbortSignal) => get<Me>('/v1/me', {}, signal),
    summary: (query: Query, signal?: AbortSignal) =>
      get<Summary>('/v1/analytics/summary', query, signal),
    lag: (signal?: AbortSignal) => get<Lag>('/v1/analytics/lag', {}, signal),
    balance: (signal?: AbortSignal) => get<Balance>('/v1/analytics/balance', {}, signal),
    results: (query: Query, signal?: AbortSignal) =>
      get<{ results: Result[]; cursor?: string }>('/v1/results', query, signal),
    result: (id: string, signal?: AbortSignal) =>
      get<{ results: Result[] }>(`/v1/results/${encodeURIComponent(id)}`, {}, signal),
    classify: (request: { texts: readonly string[]; model?: string }, signal?: AbortSignal) =>
      post<{ model: string; results: Outcome[] }>('/v1/classify', request, signal),
    tokenize: (request: { texts: readonly string[]; model?: string }, signal?: AbortSignal) =>
      post<Tokenized>('/v1/tokenize', request, signal),
    explain: (request: { text: string; label?: string; model?: string }, signal?: AbortSignal) =>
      post<Explanation>('/v1/explain', request, signal),
    send: (events: readonly Event[], signal?: AbortSignal) => client.sendEvents(events, { signal }),
    label: (labels: readonly { id: string; label: string | null; by?: string }[]) =>
      post<{ accepted: number }>('/v1/labels', labels),
    deadLetters: (query: Query, signal?: AbortSignal) =>
      get<DeadLetters>('/v1/dead-letters', query, signal),
    deadLetter: (id: string, signal?: AbortSignal) =>
      get<DeadLetterDetail>(`/v1/dead-letters/${encodeURIComponent(id)}`, {}, signal),
    replay: (which: { ids: readonly string[] } | { code: string }) =>
      post<Replayed>('/v1/dead-letters/replay', which),
    models: (signal?: AbortSignal) => get<Models>('/v1/models', {}, signal),
    releases: (name: string, signal?: AbortSignal) =>
      get<Releases>(`${model(name)}/releases`, {}, signal),
    compare: (name: string, versions: { a: string; b: string }, signal?: AbortSignal) =>
      get<VersionComparison>(`${model(name)}/compare`, versions, signal),
    release: (name: string, action: ReleaseAction, body: Readonly<Record<string, unknown>>) =>
      post<unknown>(`${model(name)}/${action}`, body),
    versionReport: (name: string, version: string, signal?: AbortSignal) =>
      page(`${model(name)}/versions/${encodeURIComponent(version)}/report`, signal),
    runs: (query: Query, signal?: AbortSignal) =>
      get<{ runs: Run[]; cursor?: string }>('/v1/runs', query, signal),
    run: (id: string, signal?: AbortSignal) => get<RunDetail>(run(id), {}, signal),
    runReport: (id: string, signal?: AbortSignal) => page(`${run(id)}/report`, signal),
    labelQueue: (query: Query, signal?: AbortSignal) =>
      get<LabelQueue>('/v1/labelling/queue', query, signal),
    similar: (id: string, signal?: AbortSignal) =>
      get<{ items: QueueItem[] }>(
        `/v1/labelling/similar/${encodeURIComponent(id)}`,
        { limit: 8 },
        signal,
      ),
    agreement: (signal?: AbortSignal) => get<Agreement>('/v1/labelling/agreement', {}, signal),
    suspicious: (signal?: AbortSignal) =>
      get<Suspicious>('/v1/labelling/suspicious', { limit: 20 }, signal),
  }
}
