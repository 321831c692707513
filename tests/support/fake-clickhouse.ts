// An HTTP server that responds as ClickHouse does, as far as the client needs it. It keeps inserted
// rows, returns them to SELECT, and fails requests on demand, before or after storing their rows.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Answer = (response: ServerResponse) => void

/** How a request fails. */
export type EngineFailure = {
  readonly answer: Answer
  /** Whether the rows of an insert are stored anyway. */
  readonly stores?: boolean
}

export type FakeClickHouse = {
  readonly url: string
  /** Rows as the inserts sent them. */
  readonly rows: unknown[][]
  /** Each request: its URL and its body. */
  readonly seen: { url: URL; body: string }[]
  /** Each of the next inserts fails with the next of these. */
  readonly failures: EngineFailure[]
  /** The response to everything but INSERT; by default the number of rows, as `n`. */
  select: Answer
  close(): Promise<void>
}

/** The response of an engine that refuses with a code. */
export function exception(code: number, name: string, status = 500): EngineFailure {
  return {
    answer: (response) => {
      response.setHeader('x-clickhouse-exception-code', String(code))
      response
        .writeHead(status)
        .end(`Code: ${code}. DB::Exception: What it says. (${name}) (version 1)`)
    },
  }
}

/** Any response: status, body and headers, as a proxy sends them. */
export function answer(status: number, body: string, headers = {}): EngineFailure {
  return { answer: (response) => response.writeHead(status, headers).end(body) }
}

/** Starts it; the caller closes it. */
export async function startFakeClickHouse(): Promise<FakeClickHouse> {
  const server = createServer((request, response) => {
    void handle(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const fake: FakeClickHouse = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rows: [],
    seen: [],
    failures: [],
    select: (response) => {
      response.end(JSON.stringify({ meta: [], data: fake.rows.map(([n]) => ({ n })), rows: 1 }))
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) body += chunk
    const url = new URL(request.url ?? '/', fake.url)
    fake.seen.push({ url, body })
    if (!(url.searchParams.get('query') ?? '').startsWith('INSERT')) {
      fake.select(response)
      return
    }
    const failure = fake.failures.shift()
    if (failure === undefined || failure.stores === true) {
      const lines = body.split('\n').filter((line) => line !== '')
      fake.rows.push(...lines.map((line) => JSON.parse(line) as unknown[]))
    }
    if (failure === undefined) response.end()
    else failure.answer(response)
  }
  return fake
}
