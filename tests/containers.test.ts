// Lints docker-compose.yml and the Prometheus configuration against the Compose specification, the
// configuration schema and the command line. It needs no container engine; `npm run test:image`
// runs Winnow's own services. dockerfile.test.ts checks the image.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import type { Command } from 'commander'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createProgram } from '../cli.ts'
import { parseRange } from '../commands/events/stream.ts'
import { loadConfig } from '../configs/load.ts'
import { createAuthentication } from '../gateway/http/auth.ts'

type Service = {
  image: string
  build?: object
  command?: string[]
  entrypoint?: string[]
  environment?: Record<string, string>
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[]; interval: string; timeout: string; retries: number }
  ports?: string[]
  volumes?: string[]
  secrets?: string[]
  networks?: string[]
  profiles?: string[]
  restart: string
  user?: string
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  tmpfs?: string[]
  deploy?: { resources: { limits: { cpus: string; memory: string; pids: number } } }
}
type Compose = {
  services: Record<string, Service>
  volumes: Record<string, unknown>
  networks: Record<string, { internal?: boolean }>
  secrets: Record<string, { file: string }>
}

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const composeText = read('docker-compose.yml')
const compose = parse(composeText, { merge: true }) as Compose
const services = Object.entries(compose.services)
const isOneShot = ([, service]: [string, Service]) => service.restart === 'no'
const longRunning = services.filter((entry) => !isOneShot(entry))
const ours = services.filter(([, service]) => service.build !== undefined)

/** What a person sets in .env. */
const settings: Record<string, string> = {
  REGISTRY_DIGEST: `sha256:${'0123456789abcdef'.repeat(4)}`,
}

/** What a person writes to the files of secrets/. */
const secretTexts: Record<string, string> = {
  'clickhouse-password': 'a-password-for-this-test',
  'gateway-keys': '[{"key":"a-key-for-this-test","scopes":["ingest","read"]}]',
  'gateway-metrics-key': 'a-key-for-this-test',
}
const secretsDir = mkdtempSync(join(tmpdir(), 'winnow-secrets-'))
for (const [name, text] of Object.entries(secretTexts)) {
  writeFileSync(join(secretsDir, name), `${text}\n`)
}
afterAll(() => rmSync(secretsDir, { recursive: true }))

/** Replaces `${NAME}`, `${NAME:-default}` and `${NAME:?sentence}` with settings. */
function interpolate(text: string): string {
  return text.replace(
    /\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}/g,
    (_, name: string, fallback?: string) => {
      const value = settings[name] ?? fallback
      if (value === undefined) throw new Error(`${name} has neither a setting nor a default`)
      return value
    },
  )
}

/** The environment of a service's processes; its secrets are in a folder of this test. */
function environmentOf(service: Service): Record<string, string> {
  const entries = Object.entries(service.environment ?? {})
  return Object.fromEntries(
    entries.map(([name, value]) => {
      return [name, interpolate(value).replace(/^\/run\/secrets(?=\/)/, secretsDir)]
    }),
  )
}

describe('docker-compose.yml', () => {
  it('follows the Compose specification', () => {
    const dclint = dirname(createRequire(import.meta.url).resolve('dclint/package.json'))
    const schema = JSON.parse(
      readFileSync(join(dclint, 'schemas/compose.schema.json'), 'utf8').replace(
        'https://json-schema.org/draft-07/schema',
        'http://json-schema.org/draft-07/schema#',
      ),
    ) as object
    const ajv = new Ajv({ strict: false, formats: { duration: true, ports: true, expose: true } })
    const follows = ajv.compile(schema)
    follows(compose)
    expect(follows.errors).toBeNull()
    expect(follows({ ...compose, services: { kafka: { imagee: 'x' } } })).toBe(false)
  })

  it.skipIf(composeCommand() === undefined)(
    'is accepted by `docker compose config` (skipped where Compose is not installed)',
    () => {
      const [command, ...first] = composeCommand()!
      const folder = mkdtempSync(join(tmpdir(), 'winnow-compose-'))
      const config = (values: Record<string, string>) => {
        const envFile = join(folder, '.env')
        const lines = Object.entries(values).map(([name, value]) => `${name}='${value}'`)
        writeFileSync(envFile, lines.join('\n'))
        const profiles = ['--profile', 'tools', '--profile', 'monitoring']
        const rest = ['--env-file', envFile, ...profiles, 'config', '--quiet']
        return spawnSync(command!, [...first, ...rest], { cwd: root, encoding: 'utf8' })
      }
      const accepted = config(settings)
      expect(accepted.stderr).not.toMatch(/error|warn/i)
      expect(accepted.status).toBe(0)
      const refused = config({ ...settings, REGISTRY_DIGEST: '' })
      expect(refused.status).not.toBe(0)
      expect(refused.stderr).toContain('set REGISTRY_DIGEST in .env')
      rmSync(folder, { recursive: true })
    },
  )

  it.each(services)('%s: image, limits, restart and privileges are set', (name, service) => {
    const { deploy, security_opt: securityOptions, cap_drop: dropped } = service
    if (service.build === undefined) {
      // A tag for people, and the digest that decides.
      const pinned = /^[\w./-]+:v?\d+\.\d+(\.\w+)*@sha256:[0-9a-f]{64}$/
      expect(interpolate(service.image)).toMatch(pinned)
    }
    expect(deploy?.resources.limits.pids).toBeGreaterThan(0)
    expect(deploy?.resources.limits.cpus).toMatch(/^\d+(\.\d+)?$/)
    expect(deploy?.resources.limits.memory).toMatch(/^\d+[MG]$/)
    expect(['unless-stopped', 'no']).toContain(service.restart)
    expect(dropped).toEqual(['ALL'])
    expect(securityOptions).toContain('no-new-privileges:true')
    const mayBeRoot = name === 'registry-volume'
    expect(/^0(:|$)|root/.test(service.user ?? ''), 'user').toBe(mayBeRoot)
  })

  it.each(longRunning)('%s has a health check in exec form', (_, { healthcheck }) => {
    expect(healthcheck?.test[0]).toBe('CMD')
    expect(healthcheck?.test.length).toBeGreaterThan(1)
    expect(healthcheck?.interval).toMatch(/^\d+s$/)
    expect(healthcheck?.timeout).toMatch(/^\d+s$/)
  })

  it('waits for health, and for one-shot services to end', () => {
    const oneShots = new Set(services.filter(isOneShot).map(([name]) => name))
    for (const [name, { depends_on: waitsFor = {} }] of services) {
      for (const [other, { condition }] of Object.entries(waitsFor)) {
        const expected = oneShots.has(other) ? 'service_completed_successfully' : 'service_healthy'
        expect(condition, `${name} waits for ${other}`).toBe(expected)
      }
    }
    for (const name of ['gateway', 'validate', 'tokenize', 'infer']) {
      const waitsFor = Object.keys(compose.services[name]!.depends_on ?? {})
      expect(waitsFor.sort(), name).toEqual(['clickhouse', 'kafka', 'migrate', 'registry'])
    }
  })

  it('names only volumes, networks and secrets that it declares, and uses each', () => {
    const named = services.flatMap(([, { volumes = [] }]) =>
      volumes.map((volume) => volume.split(':')[0]!).filter((source) => /^[a-z]/.test(source)),
    )
    expect(new Set(named)).toEqual(new Set(Object.keys(compose.volumes)))
    const networks = services.flatMap(([, service]) => service.networks ?? [])
    expect(new Set(networks)).toEqual(new Set(Object.keys(compose.networks)))
    const secrets = services.flatMap(([, service]) => service.secrets ?? [])
    expect(new Set(secrets)).toEqual(new Set(Object.keys(compose.secrets)))
  })

  it('keeps the back ends off the host and without a way out', () => {
    expect(compose.networks['backend']!.internal).toBe(true)
    const published = services.filter(([, { ports = [] }]) => ports.length > 0)
    expect(published.map(([name]) => name)).toEqual(['gateway', 'prometheus'])
    for (const [, { ports }] of published) {
      for (const port of ports!) expect(interpolate(port)).toMatch(/^127\.0\.0\.1:/)
    }
  })

  it.each(services)('%s cannot write to its root, and little to memory', (_, service) => {
    expect(service.read_only).toBe(true)
    for (const mount of service.tmpfs ?? []) {
      expect(mount).toMatch(/^\/[\w./-]+:(?:[\w=]+,)*size=\d+m$/)
      // Nothing can be executed from there, except the libraries that Kafka unpacks.
      if (/[:,]exec\b/.test(mount)) expect(mount.split(':')[0]).toBe('/tmp')
    }
    const executable = services.filter(([, { tmpfs }]) => /[:,]exec\b/.test(String(tmpfs)))
    expect(executable.map(([name]) => name)).toEqual(['kafka'])
  })

  it('gives each secret as a file, and only to services that name it', () => {
    for (const { file } of Object.values(compose.secrets))
      expect(file).toMatch(/^secrets\/[a-z-]+$/)
    expect(Object.keys(compose.secrets).sort()).toEqual(Object.keys(secretTexts).sort())
    expect(read('.gitignore').split('\n')).toContain('secrets/')
    let mounted = 0
    for (const [name, { environment = {}, secrets = [] }] of services) {
      for (const [variable, value] of Object.entries(environment)) {
        if (!/PASSWORD|KEYS?(_|$)|TOKEN|SECRET/.test(variable)) continue
        expect(variable, name).toMatch(/_FILE$/)
        expect(secrets, `${name}: ${variable}`).toContain(value.replace('/run/secrets/', ''))
        mounted++
      }
    }
    expect(mounted).toBeGreaterThan(5)
  })

  it('names each of its settings in the example', () => {
    const example = read('infra/compose.env.example')
    const variables = [...composeText.matchAll(/\$\{(\w+)/g)].map((match) => match[1]!)
    const optional = new Set(['WINNOW_IMAGE', 'PROMETHEUS_PORT'])
    expect(variables.length).toBeGreaterThan(3)
    for (const name of variables.filter((variable) => !optional.has(variable))) {
      expect(example).toContain(`${name}=`)
    }
  })

  it('mounts only files that exist', () => {
    const files = services.flatMap(([, { volumes = [] }]) =>
      volumes.map((volume) => volume.split(':')[0]!).filter((source) => source.startsWith('./')),
    )
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) expect(existsSync(join(root, file)), file).toBe(true)
  })
})

describe('the services that run Winnow', () => {
  it.each(ours)('%s sets only what the configuration knows', (_, service) => {
    const config = loadConfig({ env: environmentOf(service) })
    expect(config.kafka.brokers).toEqual(['kafka:9092'])
    expect(config.registry.url).toContain('//registry:8080/')
    expect(config.clickhouse.url).toBe('http://clickhouse:8123')
    expect(Object.keys(compose.services)).toEqual(
      expect.arrayContaining(['kafka', 'registry', 'clickhouse']),
    )
  })

  it('gives the gateway keys and the port that it publishes', () => {
    const gateway = compose.services['gateway']!
    const config = loadConfig({ env: environmentOf(gateway) })
    expect(() => createAuthentication(config.gateway)).not.toThrow()
    expect(config.gateway.keys).toHaveLength(1)
    expect(gateway.ports![0]!.endsWith(`:${config.gateway.port}`)).toBe(true)
    expect(gateway.healthcheck!.test.join(' ')).toContain(`:${config.gateway.port}/readyz`)
    expect(['0.0.0.0', '::']).toContain(config.gateway.host)
  })

  it('probes the stages where they listen', () => {
    for (const name of ['validate', 'tokenize', 'infer']) {
      const service = compose.services[name]!
      const { telemetry } = loadConfig({ env: environmentOf(service) })
      expect(service.healthcheck!.test.join(' ')).toContain(`:${telemetry.port}/readyz`)
    }
  })

  it.each(ours)('%s runs a command that exists, with options that it has', async (_, service) => {
    const { entrypoint = [] } = service
    const inEntrypoint = entrypoint.slice(entrypoint.indexOf('bin/winnow.js') + 1)
    const words = [...inEntrypoint, ...(service.command ?? [])]
    expect(words.length).toBeGreaterThan(0)
    expect(unknownWord(await createProgram(), words)).toBeUndefined()
    expect(unknownWord(await createProgram(), ['no-such-command'])).toBe('no-such-command')
    expect(unknownWord(await createProgram(), ['serve', '--no-such'])).toBe('--no-such')
  })

  it('has one service for each stage, in order and without a gap', () => {
    const stages = services.flatMap(([, { command = [] }]) =>
      command[0] === 'stream' ? [parseRange(command[command.indexOf('--stages') + 1]!)] : [],
    )
    expect(stages.map(({ first, last }) => `${first}..${last}`)).toEqual([
      'validate..validate',
      'tokenize..tokenize',
      'infer..infer',
    ])
  })

  it.each(ours)('%s cannot write but where it must', (name, service) => {
    const writable = (service.volumes ?? []).filter((volume) => !volume.endsWith(':ro'))
    const own: Record<string, string> = {
      models: 'models:/models',
      'train-worker': 'training:/models',
    }
    expect(writable).toEqual(own[name] === undefined ? [] : [own[name]])
  })
})

describe('infra/compose.gpu.yml', () => {
  it('moves only the stage infer to a GPU, with settings that the configuration knows', () => {
    const text = read('infra/compose.gpu.yml').replace('!reset ', '')
    const { services: changed } = parse(text) as Compose
    expect(Object.keys(changed)).toEqual(['infer'])
    const environment = {
      ...compose.services['infer']!.environment,
      ...changed['infer']!.environment,
    }
    const { inference } = loadConfig({ env: environmentOf({ ...changed['infer']!, environment }) })
    expect(inference).toMatchObject({ provider: 'cuda', precision: 'fp16', workers: 0 })
  })
})

describe('infra/prometheus/prometheus.yml', () => {
  type Job = {
    job_name: string
    authorization?: { credentials_file: string }
    dns_sd_configs: { names: string[]; port: number }[]
  }
  const { scrape_configs: jobs } = parse(read('infra/prometheus/prometheus.yml')) as {
    scrape_configs: Job[]
  }

  it('scrapes services that exist, at the ports where they listen', () => {
    for (const { dns_sd_configs: targets } of jobs) {
      for (const { names, port } of targets) {
        for (const name of names) {
          const config = loadConfig({ env: environmentOf(compose.services[name]!) })
          expect(port).toBe(name === 'gateway' ? config.gateway.port : config.telemetry.port)
        }
      }
    }
    const scraped = jobs.flatMap((job) => job.dns_sd_configs.flatMap(({ names }) => names))
    expect(scraped.sort()).toEqual(['gateway', 'infer', 'tokenize', 'validate'])
  })

  it('reads its key from the secret that it is given', () => {
    const file = jobs.find((job) => job.job_name === 'gateway')!.authorization!.credentials_file
    expect(compose.services['prometheus']!.secrets).toEqual([file.replace('/run/secrets/', '')])
  })
})

/** The first word that the command line does not know; undefined if it knows all. */
function unknownWord(program: Command, words: readonly string[]): string | undefined {
  let command = program
  for (const [position, word] of words.entries()) {
    if (word.startsWith('--')) {
      const name = word.split('=')[0]!
      if (!command.options.some((option) => option.long === name)) return word
      continue
    }
    const next = command.commands.find((candidate) => candidate.name() === word)
    if (next !== undefined) command = next
    else if (position === 0 || !words[position - 1]!.startsWith('--')) return word
  }
  return undefined
}

/** How Compose is called on this machine: as a plugin of docker, by itself, or not at all. */
function composeCommand(): string[] | undefined {
  const ways = [['docker', 'compose'], ['docker-compose']]
  return ways.find(([command, ...first]) => {
    const { status, stdout } = spawnSync(command!, [...first, 'version'], { encoding: 'utf8' })
    // Version 1 knows neither the specification nor `deploy` without a swarm.
    return status === 0 && / v?[2-9]\d*\./.test(stdout)
  })
}
