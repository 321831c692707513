// The client of the gateway, for browsers and Node: typed routes, retries, all pages of results,
// and results as they land.
import createFetchClient, { type Client } from 'openapi-fetch'
import type { components, paths } from './gateway-api.ts'
import { gatewayError } from './gateway-error.ts'
import { liveResults, type LiveMessage } from './live-results.ts'
import { retryingFetch, type RetryOptions } from './retry.ts'

// This file is the entry `winnow-stream/client` of the package.
export { GatewayError, GatewayUnreachable } from './gateway-error.ts'

/** A stored result. */
export type Result = components['schemas']['Result']
/** An event to send. */
export type Event = components['schemas']['Event']
/** The filter of results. */
export type ResultQuery = NonNullable<paths['/v1/results']['get']['parameters']['query']>

/** How a client reaches the gateway. */
export type ClientOptions = {
  /** Such as `http://localhost:18080`; a page of the gateway itself may leave it out. */
  readonly baseUrl?: string
  /** The API key, or where to get it for each request; none for a gateway without keys. */
  readonly key?: string | (() => string | undefined)
  readonly fetch?: (request: Request) => Promise<Response>
  readonly retry?: Partial<RetryOptions>
}

/** What the untyped form of a request takes. */
export type RawRequest = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON; a string is sent as it is, with the content type of `headers`. */
  readonly body?: unknown
  readonly signal?: AbortSignal
}

/** A client of one gateway. It holds no connection, so nothing needs to be closed. */
export type WinnowClient = {
  /**
   * Every route, typed by openapi-fetch. A refusal rejects with `GatewayError`, so `data` is there
   * whenever a call resolves.
   */
  readonly routes: Client<paths>
  /** Any address of the gateway. Rejects as `routes` does. */
  request(path: string, request?: RawRequest): Promise<Response>
  /** Sends events under an Idempotency-Key, so that a retry publishes nothing twice. */
  sendEvents(
    events: readonly Event[],
    options?: { readonly idempotencyKey?: string; readonly signal?: AbortSignal },
  ): Promise<{ readonly ids: readonly string[] }>
  /** All results that match, newest first; pages are read as they are needed. */
  results(query?: ResultQuery, options?: { readonly signal?: AbortSignal }): AsyncGenerator<Result>
  /** Results as they land, until the signal aborts; lost connections are resumed without gaps. */
  stream(
    query?: { label?: string; source?: string; model?: string; q?: string },
    options?: { readonly signal?: AbortSignal; readonly lastEventId?: string },
  ): AsyncGenerator<LiveMessage<Result>>
}

/**
 * Makes a client.
 *
 * @example
 * const winnow = createClient({ baseUrl: 'http://localhost:18080', key: 'KEY' })
 * await winnow.sendEvents([{ text: 'My invoice is wrong' }])
 * for await (const result of winnow.results({ label: 'spam' })) console.log(result.text)
 */
export function createClient(options: ClientOptions = {}): WinnowClient {
  const baseUrl = (options.baseUrl ?? '').replace(/\/+$/, '')
  const retry = { retriesMax: 3, waitMsMax: 10_000, ...options.retry }
  const plainFetch = options.fetch ?? ((request: Request) => globalThis.fetch(request))
  const keyed = (request: Request): Request => {
    const key = typeof options.key === 'function' ? options.key() : options.key
    if (key !== undefined && key !== '') request.headers.set('Authorization', `Bearer ${key}`)
    return request
  }
  const fetch = retryingFetch(plainFetch, retry)
  const send = async (request: Request): Promise<Response> => {
    const response = await fetch(keyed(request))
    if (!response.ok) throw await gatewayError(response)
    return response
  }
  const routes = createFetchClient<paths>({
    baseUrl: baseUrl === '' ? origin() : baseUrl,
    fetch: send,
  })
  const request = (path: string, raw: RawRequest = {}) =>
    send(requestOf(urlOf(path, raw.query), raw))
  const urlOf = (path: string, query: RawRequest['query'] = {}): string => {
    const given = Object.entries(query).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, String(value)] as [string, string]],
    )
    const search = new URLSearchParams(given).toString()
    return `${baseUrl === '' ? origin() : baseUrl}${path}${search === '' ? '' : `?${search}`}`
  }
  return {
    routes,
    request,
    async sendEvents(events, { idempotencyKey = randomKey(), signal } = {}) {
      const response = await request('/v1/events', {
        method: 'POST',
        headers: { 'Idempotency-Key': idempotencyKey },
        body: events,
        signal,
      })
      return (await response.json()) as { ids: string[] }
    },
    async *results(query = {}, { signal } = {}) {
      for (let cursor = query.cursor; ;) {
        const response = await request('/v1/results', { query: { ...query, cursor }, signal })
        const page = (await response.json()) as components['schemas']['ResultPage']
        yield* page.results
        if (page.cursor === undefined) return
        cursor = page.cursor
      }
    },
    stream(query = {}, { signal = new AbortController().signal, lastEventId } = {}) {
      const open = (from: string | undefined) => {
        const headers = { ...(from !== undefined && { 'Last-Event-ID': from }) }
        return plainFetch(keyed(new Request(urlOf('/v1/stream', query), { headers, signal })))
      }
      return liveResults<Result>({ open, signal, lastEventId, waitMsMax: 30_000 })
    },
  }
}

function requestOf(url: string, { method = 'GET', headers, body, signal }: RawRequest): Request {
  const isText = typeof body === 'string'
  return new Request(url, {
    method,
    headers: {
      ...(body !== undefined && !isText && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body: body === undefined || isText ? body : JSON.stringify(body),
    signal,
  })
}

/** The origin of the page that the client runs in. Node has none, so a request there fails. */
function origin(): string {
  return (globalThis as { location?: { origin: string } }).location?.origin ?? ''
}

/** 128 random bits. crypto.randomUUID exists in secure contexts only. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
