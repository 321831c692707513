// How fast does the gateway take events? `node bench/gateway.ts` starts a stack and `winnow
// serve`, sends single events and batches of 100 with 64 connections, and does the same to a bare
// Hono app that only parses the JSON, in alternating rounds. Findings: bench/RESULTS.md.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { cacheDir } from '../configs/paths.ts'
import { connectionsOf } from '../infra/local/services/stack-state.ts'
import { startStack, stopStack } from '../infra/local/supervisor.ts'
import { openBackends } from '../tests/support/backends.ts'
import { startWinnow } from '../tests/support/cli.ts'
import { median } from './measuring.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const { values } = parseArgs({
  options: {
    bare: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
  },
})

const event = {
  text: 'Where is my parcel? It should be here by now, please look it up.',
  source: 'bench',
}
const bodies = {
  single: JSON.stringify(event),
  'batch of 100': JSON.stringify(Array<typeof event>(100).fill(event)),
}

if (values.bare) await serveBare()
else await compare()

/** The least that an HTTP server can do with the body. */
async function serveBare(): Promise<void> {
  const app = new Hono().post('/v1/events', async (c) => {
    const body: unknown = await c.req.json()
    return c.json({ ids: Array.isArray(body) ? body.map(() => 'id') : ['id'] }, 202)
  })
  const listener = getRequestListener(app.fetch)
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

async function compare(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'winnow-bench-gateway-'))
  const bare = fork(fileURLToPath(import.meta.url), ['--bare'])
  try {
    const [bareUrl] = (await once(bare, 'message')) as [string]
    const ports = { kafka: 0, registry: 0, analytics: 0 }
    const state = await startStack({ stateDir: join(dir, 'stack'), cacheDir: cacheDir(), ports })
    const backends = await openBackends(connectionsOf(state), {
      WINNOW_STATE: join(dir, 'state'),
      WINNOW_GATEWAY_PORT: '0',
      WINNOW_GATEWAY_MODELS: 'false',
    })
    const gateway = await startWinnow(['serve'], { env: backends.env })
    const urls = { gateway: String(gateway.document['url']), 'bare Hono': bareUrl }
    for (const [kind, body] of Object.entries(bodies)) {
      const found = new Map<string, Round[]>()
      for (let round = 0; round <= Number(values.rounds); round += 1) {
        for (const [name, url] of Object.entries(urls)) {
          const measured = await load(url, body)
          // The first round warms up.
          if (round > 0) found.set(name, [...(found.get(name) ?? []), measured])
        }
      }
      for (const [name, rounds] of found) show(`${kind}, ${name}`, rounds)
    }
    await gateway.stop()
    await backends.close()
  } finally {
    bare.kill()
    await stopStack({ stateDir: join(dir, 'stack') })
    await rm(dir, { recursive: true, force: true })
  }
}

type Round = { perSecond: number; p50Ms: number; p99Ms: number; refused: number }

function show(name: string, rounds: readonly Round[]): void {
  const of = (field: keyof Round) => {
    const sorted = rounds.map((one) => one[field]).toSorted((a, b) => a - b)
    return `${median(sorted).toFixed(1)} [${sorted[0]!.toFixed(1)} to ${sorted.at(-1)!.toFixed(1)}]`
  }
  process.stdout.write(
    `${name}: ${of('perSecond')} requests/s, p50 ${of('p50Ms')} ms, p99 ${of('p99Ms')} ms, ` +
      `refused ${of('refused')}; load average ${loadavg()[0]!.toFixed(1)}\n`,
  )
}

/** Sends requests on all connections for some seconds. */
async function load(url: string, body: string): Promise<Round> {
  const connections = Number(values.connections)
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const latencies: number[] = []
  let refused = 0
  const beganMs = performance.now()
  const endMs = beganMs + Number(values.seconds) * 1_000
  const client = async () => {
    while (performance.now() < endMs) {
      const sentMs = performance.now()
      const status = await post(`${url}/v1/events`, body, agent)
      if (status === 202) latencies.push(performance.now() - sentMs)
      else refused += 1
    }
  }
  await Promise.all(Array.from({ length: connections }, client))
  const seconds = (performance.now() - beganMs) / 1_000
  agent.destroy()
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? NaN
  return { perSecond: latencies.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99), refused }
}

function post(url: string, body: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    }
    const sending = request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume().on('end', () => {
        resolve(answer.statusCode ?? 0)
      })
    })
    sending.on('error', reject).end(body)
  })
}
