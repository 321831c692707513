// Sends thousands of generated requests to a running gateway: schemathesis derives them from
// /openapi.json, valid and invalid ones, and checks each answer against it. The gateway, the stages,
// Kafka and the engine are real, with a small trained model.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cacheDir } from '../../configs/paths.ts'
import { connectionsOf } from '../../infra/local/services/stack-state.ts'
import { startStack, stopStack } from '../../infra/local/supervisor.ts'
import { startWinnow, type Running } from '../support/cli.ts'
import { openWorkspace } from '../support/workspace.ts'
import { oddRequests } from './odd-requests.ts'

const help = `Usage: npm run test:fuzz -- [--requests N] [--seed N] [--venv DIR] [--keep]

Starts a stack, a stream and a gateway with a small model, and sends at least N requests that schemathesis
derives from /openapi.json, round after round with other seeds. Fails on any answer that the description
does not allow, and on any status of 500 or above other than 503 and 504. Malformed HTTP and slow clients come
first. schemathesis is installed from PyPI into a virtual environment of Winnow's cache. Without Python,
nothing is tested.

  --requests N  requests to send at least (10000)
  --seed N      seed of the first round (1)
  --venv DIR    use the virtual environment of this folder
  --keep        keep the folder with the report of each round; the last line names it

Example:
  npm run test:fuzz -- --requests 2000
`

/** Each answer is held against these. */
const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
]

/** A refusal because of load or time is no defect. */
const settings = `
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503", "504"]
negative_data_rejection.expected-statuses = ["4xx", "503"]
`

/** Generated requests for each operation in one round. */
const examplesMax = 40

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      venv: { type: 'string' },
      keep: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) {
    process.stdout.write(help)
    return
  }
  const installed = installSchemathesis(values.venv ?? join(cacheDir(), 'test-fuzz', 'venv'))
  if ('missing' in installed) {
    process.stdout.write(`test:fuzz: skipped, because ${installed.missing}\n`)
    return
  }
  const dir = await mkdtemp(join(tmpdir(), 'winnow-fuzz-'))
  const stopped = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stopped.abort(new Error(`stopped by ${name}`)))
  }
  let failed = 0
  try {
    failed = await onStack(dir, async (gateway) => {
      const requests = Number(values.requests)
      const odd = await oddRequests(gateway, (line) => process.stdout.write(`${line}\n`))
      const generated = await rounds({
        ...{ ...installed, dir, gateway, requests },
        seed: Number(values.seed),
        signal: stopped.signal,
      })
      return odd + generated
    })
  } finally {
    if (values.keep !== true) await rm(dir, { recursive: true, force: true })
  }
  process.stdout.write(
    `${failed === 0 ? 'nothing found' : `${failed} rounds or checks failed`}${values.keep === true ? `; ${dir}` : ''}\n`,
  )
  if (failed > 0) process.exitCode = 1
}

/** Runs `body` with the address of a gateway on a stack of its own. */
async function onStack<T>(dir: string, body: (gateway: string) => Promise<T>): Promise<T> {
  const stateDir = join(dir, 'stack')
  const running: Running[] = []
  try {
    const ports = { kafka: 0, registry: 0, analytics: 0 }
    const state = await startStack({ stateDir, cacheDir: cacheDir(), ports })
    // So that a request with `wait` takes seconds, not half a minute.
    const settings = { WINNOW_GATEWAY_REQUEST_MS_MAX: '4000' }
    const space = await openWorkspace(connectionsOf(state), settings)
    const { env } = space
    running.push(await startWinnow(['stream', '--stages', 'validate..infer'], { env }))
    const gateway = await startWinnow(['serve'], { env })
    running.push(gateway)
    const result = await body(String(gateway.document['url']))
    await space.close()
    return result
  } finally {
    for (const one of running) await one.stop()
    await stopStack({ stateDir })
  }
}

/** Runs schemathesis until the gateway has had enough requests; returns how many rounds failed. */
async function rounds(options: {
  readonly program: string
  readonly dir: string
  readonly gateway: string
  readonly requests: number
  readonly seed: number
  readonly signal: AbortSignal
}): Promise<number> {
  const { program, dir, gateway, requests, signal } = options
  const config = join(dir, 'schemathesis.toml')
  await writeFile(config, settings)
  const before = await answered(gateway)
  // Without built pages, their routes can only say so.
  const isBuilt = (await fetch(`${gateway}/docs`)).status === 200
  const pages = isBuilt ? [] : ['--exclude-path-regex', '^/(docs.*|assets.*)?$']
  if (!isBuilt) process.stdout.write('the pages are not built, so their routes are left out\n')
  let failed = 0
  let sent = 0
  for (let seed = options.seed; sent < requests; seed += 1) {
    signal.throwIfAborted()
    const args = [
      ...['--config-file', config, 'run', `${gateway}/openapi.json`, '--url', gateway, ...pages],
      ...['--checks', checks.join(','), '--max-examples', String(examplesMax)],
      ...['--seed', String(seed), '--request-timeout', '60', '--no-color'],
      ...['--report', 'ndjson', '--report-dir', join(dir, `round-${seed}`)],
    ]
    const child = spawn(program, args, { cwd: dir, stdio: 'inherit', signal })
    const [status] = (await once(child, 'close')) as [number]
    const total = (await answered(gateway)) - before
    if (total === sent) throw new Error('schemathesis sent no request')
    sent = total
    if (status !== 0) failed += 1
    process.stdout.write(`seed ${seed}: status ${status}, ${sent} of ${requests} requests\n`)
  }
  return failed
}

/** How many requests the gateway has answered, from its metrics. */
async function answered(gateway: string): Promise<number> {
  const text = await (await fetch(`${gateway}/metrics`)).text()
  const counts = [...text.matchAll(/^winnow_http_request_seconds_count\{[^}]*\} (\d+)$/gm)]
  if (counts.length === 0) throw new Error('/metrics does not count requests')
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}

/** The program that the virtual environment has, or what is missing. */
function installSchemathesis(venv: string): { program: string } | { missing: string } {
  const program = join(venv, 'bin', 'schemathesis')
  if (existsSync(program)) return { program }
  const made = spawnSync('python3', ['-m', 'venv', venv], { encoding: 'utf8' })
  if (made.error !== undefined) return { missing: 'there is no python3' }
  if (made.status !== 0) return { missing: 'python3 -m venv failed (Debian: python3-venv)' }
  const wanted = ['install', '--quiet', 'schemathesis>=4,<5']
  const pip = spawnSync(join(venv, 'bin', 'pip'), wanted, { encoding: 'utf8' })
  if (pip.status === 0 && existsSync(program)) return { program }
  return { missing: `pip could not install schemathesis: ${pip.stderr.trim().split('\n').at(-1)}` }
}

await main()
