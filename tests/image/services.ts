// Checks of what the image does: the commands, environment and health checks of docker-compose.yml
// in containers made from it, against a running stack. SIGTERM stops each service, as a container
// engine does.
import assert from 'node:assert/strict'
import { choosePort } from '../../infra/local/services/free-ports.ts'
import { winnow } from '../support/cli.ts'
import { until } from '../support/until.ts'
import { sampleText } from '../support/workspace.ts'
import type { Checklist } from './harness/checklist.ts'
import type { Compose } from './harness/compose.ts'
import type { Command, Container, RunningProcess } from './harness/container.ts'
import type { Ground } from './harness/ground.ts'

type Parts = { list: Checklist; container: Container; compose: Compose; ground: Ground }
type Service = { name: string; port: number; running: RunningProcess; health: Command }

const producedEvents = 30

/** Runs all services as docker-compose.yml says, then the image by itself. */
export async function checkServices(parts: Parts): Promise<void> {
  const { list, compose } = parts
  await checkConfinement(parts)
  await checkOneShots(parts)
  const services: Service[] = []
  for (const name of compose.names.filter((one) => !['migrate', 'models'].includes(one))) {
    const port = await choosePort([])
    const variable = name === 'gateway' ? 'WINNOW_GATEWAY_PORT' : 'WINNOW_TELEMETRY_PORT'
    const command = compose.command(name, {
      env: { ...parts.ground.addresses, [variable]: String(port) },
    })
    const health = { ...compose.healthCheck(name, port), env: command.env }
    services.push(await startService(parts, { name, port, command, health }))
  }
  const gateway = services.find(({ name }) => name === 'gateway')!
  await checkGateway(parts, gateway)
  await checkStream(parts, services)
  await checkSwap(parts, gateway)
  for (const service of services) await checkStop(parts, service)
  await checkAlone(parts)
  await list.check('no process is left in the container', async () => {
    await until('the end of all processes', () => parts.container.processIds().length === 0, 5_000)
  })
}

/** Checks the limits under which everything else here runs. */
async function checkConfinement({ list, container }: Parts): Promise<void> {
  await list.check('the root is read-only, /tmp runs nothing, no privilege is left', async () => {
    const script = `
      for folder in / /app /app/dist /etc /models /root /run /usr /var/tmp /dev; do
        touch $folder/written 2>&1 && echo "$folder/written was written"
      done
      cp /bin/true /tmp/true && /tmp/true 2>/dev/null && echo "/tmp/true was run"
      ls /tmp/true > /dev/null && id -u && id -g
      grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status | tr -d '\\t'`
    const { stdout } = await container.run({ argv: ['sh', '-c', script] })
    const lines = stdout.trim().split('\n')
    const refused = lines.filter((line) => /Read-only file system|Permission denied/.test(line))
    const rest = lines.filter((line) => !refused.includes(line))
    const none = '0'.repeat(16)
    const limits = [`CapEff:${none}`, `CapBnd:${none}`, 'NoNewPrivs:1']
    assert.deepEqual(rest, ['10001', '10001', ...limits])
    const readOnly = refused.filter((line) => line.includes('Read-only')).length
    assert.equal(refused.length, 10, stdout)
    assert.ok(readOnly >= 8, stdout)
  })
}

/** Checks the commands that end by themselves. */
async function checkOneShots({ list, container, compose, ground }: Parts): Promise<void> {
  const { Entrypoint: entrypoint } = container.config
  const runWinnow = (...words: string[]) => container.run({ argv: [...entrypoint, ...words] })

  await list.check('--help', async () => {
    const { status, stdout, stderr } = await runWinnow('--help')
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
    assert.match(stdout, /^Usage: winnow/)
  })
  await list.check('a command that does not exist ends with a status other than 0', async () => {
    const { status, stderr } = await runWinnow('no-such-command')
    assert.notEqual(status, 0)
    assert.match(stderr, /no-such-command/)
  })
  await list.check('migrate makes topics and tables, and does nothing a second time', async () => {
    const command = compose.command('migrate', { env: ground.addresses })
    for (const run of ['first', 'second']) {
      const { status, stdout, stderr } = await container.run(command)
      assert.equal(status, 0, `${run} run: ${stdout}${stderr}`)
    }
    assert.deepEqual(await query(ground, 'SELECT count() AS n FROM classifications'), [{ n: 0 }])
  })
  await list.check('models: cp copies the store into the volume, list shows it', async () => {
    const words = ['-rn', '/import/.', '/models']
    const copied = await container.run(compose.command('models', { entrypoint: ['cp'], words }))
    assert.deepEqual({ ...copied, stdout: '' }, { status: 0, stdout: '', stderr: '' })
    const listed = await container.run(compose.command('models'))
    assert.equal(listed.status, 0, listed.stderr)
    assert.match(listed.stdout, /mail@1/)
  })
}

async function startService(
  { list, container }: Parts,
  service: { name: string; port: number; command: Command; health: Command },
): Promise<Service> {
  const { name, command, health } = service
  await list.check(`${name}: the health check fails before the start`, async () => {
    assert.equal((await container.run(health)).status, 1)
  })
  const running = container.start(command)
  await list.check(`${name} starts, and its health check passes`, async () => {
    await until(`the health check of ${name}`, async () => {
      if (!running.isRunning()) throw new Error(`${name} has ended\n${running.output()}`)
      return (await container.run(health)).status === 0
    })
    assert.ok(container.processIds().length > 0)
  })
  return { ...service, running }
}

async function checkGateway({ list, ground }: Parts, gateway: Service): Promise<void> {
  const ask = asker(gateway, ground.keys.caller)

  await list.check('gateway: /readyz', async () => {
    assert.equal((await ask('/readyz')).status, 200)
  })
  await list.check('gateway: without a key of the secret, 401', async () => {
    const { status } = await asker(gateway, 'not-a-key-of-this-gateway')('/v1/classify', {
      texts: ['a'],
    })
    assert.equal(status, 401)
  })
  await list.check('gateway: POST /v1/classify', async () => {
    const samples = [0, 1, 2].map(sampleText)
    const { status, body } = await ask('/v1/classify', { texts: samples.map(({ text }) => text) })
    assert.equal(status, 200, JSON.stringify(body))
    const { results } = body as { results: { label: string }[] }
    assert.deepEqual(
      results.map(({ label }) => label),
      samples.map(({ label }) => label),
    )
  })
  await list.check('gateway: POST /v1/events, then the result by its id', async () => {
    return checkOneEvent(ask)
  })
  await list.check('gateway: /metrics with the key of Prometheus', async () => {
    const { status, text } = await asker(gateway, ground.keys.metrics)('/metrics')
    assert.equal(status, 200)
    assert.match(text, /^winnow_/m)
  })
}

async function checkStream({ list, ground }: Parts, services: readonly Service[]): Promise<void> {
  await list.check(`${producedEvents} events produced by the host become rows`, async () => {
    const samples = Array.from({ length: producedEvents }, (_, number) => ({
      id: `host-${number}`,
      ...sampleText(number),
    }))
    const input = samples.map(({ id, text }) => `${JSON.stringify({ id, text })}\n`).join('')
    const { status, stderr } = await winnow(['produce', '--data', '-'], { env: ground.env, input })
    assert.equal(status, 0, stderr)
    const sql = `SELECT event_id AS id, label FROM classifications WHERE event_id LIKE 'host-%'`
    const rows = await until('the rows', async () => {
      const found = await query(ground, sql)
      return found.length >= producedEvents && found
    })
    const byId = (a: object, b: object) => JSON.stringify(a).localeCompare(JSON.stringify(b))
    assert.deepEqual(rows.sort(byId), samples.map(({ id, label }) => ({ id, label })).sort(byId))
  })
  for (const service of services.filter(({ name }) => name !== 'gateway')) {
    await list.check(`${service.name}: /metrics`, async () => {
      const { status, text } = await asker(service, '')('/metrics')
      assert.equal(status, 200)
      assert.match(text, /^winnow_/m)
    })
  }
}

/**
 * Checks that a new version reaches services that only read the model store, as infra/README.md
 * says.
 */
async function checkSwap({ list, container, compose, ground }: Parts, gateway: Service) {
  const ask = asker(gateway, ground.keys.caller)
  const modelOf = async () => {
    const { body } = await ask('/v1/classify', { texts: [sampleText(0).text] })
    return (body as { model: string }).model
  }
  const runModels = async (words: string[], entrypoint?: string[]) => {
    const command = compose.command('models', { env: ground.addresses, words, entrypoint })
    const { status, stdout, stderr } = await container.run(command)
    assert.equal(status, 0, `${words.join(' ')}: ${stdout}${stderr}`)
  }
  await list.check('models: push and promote swap the version of running services', async () => {
    assert.equal(await modelOf(), 'mail@1')
    await runModels(['push', 'mail@1'])
    await ground.train()
    await runModels(['-rn', '/import/.', '/models'], ['cp'])
    await runModels(['push', 'mail@2', '--data', '/import/mail.jsonl'])
    await runModels(['promote', 'mail@2'])
    await until('the new version in the gateway', async () => (await modelOf()) === 'mail@2')
    await until('the new version in infer', async () => {
      const sent = await ask('/v1/events', { text: sampleText(2).text })
      const { results } = await resultOf(ask, sent)
      return results.every(({ model }) => model === 'mail@2')
    })
  })
  await list.check('infer: promote works where the store is read-only', async () => {
    const words = ['models', 'promote', 'mail@1', '--reason', 'a check']
    const { status, stdout, stderr } = await container.run(
      compose.command('infer', { env: ground.addresses, words }),
    )
    assert.equal(status, 0, stdout + stderr)
    await until('the old version in the gateway', async () => (await modelOf()) === 'mail@1')
  })
}

async function checkStop({ list, container }: Parts, service: Service): Promise<void> {
  const { name, running, health } = service
  await list.check(`${name}: SIGTERM ends it with status 0`, async () => {
    const { status, ms } = await running.stop()
    assert.equal(status, 0, running.output())
    return `after ${(ms / 1_000).toFixed(1)} s`
  })
  await list.check(`${name}: the health check fails afterwards`, async () => {
    assert.equal((await container.run(health)).status, 1)
  })
}

/**
 * Checks the image without docker-compose.yml: its own profile, entry point, command and health
 * check.
 */
async function checkAlone(parts: Parts): Promise<void> {
  const { list, container, ground } = parts
  const { Entrypoint: entrypoint, Cmd: cmd, Healthcheck: healthcheck } = container.config
  const { mounts } = parts.compose.command('infer')
  const secret = { WINNOW_CLICKHOUSE_PASSWORD_FILE: '/run/secrets/clickhouse-password' }
  const common = { ...ground.addresses, ...secret, WINNOW_CLICKHOUSE_USERNAME: 'winnow' }
  const ports = { gateway: await choosePort([]), stream: await choosePort([]) }
  const healthOf = (port: number, path: string): Command => {
    return {
      argv: healthcheck.Test.slice(1),
      env: { HEALTH_URL: `http://127.0.0.1:${port}${path}` },
    }
  }
  const stream = await startService(parts, {
    name: 'stream --stages validate..infer',
    port: ports.stream,
    command: {
      argv: [...entrypoint, 'stream', '--stages', 'validate..infer'],
      env: { ...common, WINNOW_TELEMETRY_PORT: String(ports.stream) },
      mounts,
    },
    health: healthOf(ports.stream, '/readyz'),
  })
  const keys = JSON.stringify([{ key: ground.keys.caller, scopes: ['ingest', 'read'] }])
  const gateway = await startService(parts, {
    name: 'the image without arguments',
    port: ports.gateway,
    command: {
      argv: [...entrypoint, ...cmd],
      env: { ...common, WINNOW_GATEWAY_PORT: String(ports.gateway), WINNOW_GATEWAY_KEYS: keys },
      mounts,
    },
    health: healthOf(ports.gateway, '/livez'),
  })
  await list.check('chained: POST /v1/events, then the result by its id', () => {
    return checkOneEvent(asker(gateway, ground.keys.caller))
  })
  for (const service of [gateway, stream]) await checkStop(parts, service)
}

type Answer = { status: number; text: string; body: unknown }
type Ask = (path: string, body?: object) => Promise<Answer>

/** Calls a service over HTTP: GET, or POST with a body. */
function asker({ port }: { port: number }, key: string): Ask {
  return async (path, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isJson = answer.headers.get('content-type')?.includes('json') === true
    return { status: answer.status, text, body: isJson ? JSON.parse(text) : undefined }
  }
}

/** Sends one event, waits for its result, and returns how long it took. */
async function checkOneEvent(ask: Ask): Promise<string> {
  const { text, label } = sampleText(1)
  const beganMs = performance.now()
  const { results } = await resultOf(ask, await ask('/v1/events', { text }))
  assert.deepEqual(
    results.map((result) => result.label),
    [label],
  )
  return `there after ${((performance.now() - beganMs) / 1_000).toFixed(1)} s`
}

/** The results of the one event that the gateway has accepted. */
async function resultOf(ask: Ask, sent: Answer) {
  assert.equal(sent.status, 202, sent.text)
  const [id] = (sent.body as { ids: string[] }).ids
  const found = await until('the result', async () => {
    const answer = await ask(`/v1/results/${id!}`)
    return answer.status === 200 && answer
  })
  return found.body as { id: string; results: { label: string; model: string }[] }
}

async function query(ground: Ground, sql: string): Promise<object[]> {
  const { status, stdout, stderr } = await winnow(['query', sql, '--json'], { env: ground.env })
  assert.equal(status, 0, stderr)
  return (JSON.parse(stdout) as { rows: object[] }).rows
}
