// An HTTP server that answers as ClickHouse does, as far as the client needs it: it keeps inserted
// rows, gives them back to SELECT, and fails requests as a test says, before or after it has stored
// what they bring.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Answer = (response: ServerResponse) => void

/** How a request fails. */
export type EngineFailure = {
  readonly answer: Answer
  /** Whether the rows of an insert are stored all the same. */
  readonly stores?: boolean
}

export type FakeClickHouse = {
  readonly url: string
  /** Rows as the inserts brought them. */
  readonly rows: unknown[][]
  /** Each request: its URL and its body. */
  readonly seen: { url: URL; body: string }[]
  /** Each of the next inserts fails with one of these. */
  readonly failures: EngineFailure[]
  /** Answers everything that is no INSERT; by default the rows, as `n`. */
  select: Answer
  close(): Promise<void>
}

/** The answer of an engine that refuses with a code. */
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

/** Any answer: status, body and headers as a proxy gives them. */
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
