// The style rules that a machine can check: layers, file sizes, headers, names, and what must not be
// used. The rules themselves are in ARCHITECTURE.md.
import { existsSync, readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { isBuiltin } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Each layer may import itself and those named; everything else points the wrong way. */
const mayImport: Record<string, readonly string[]> = {
  schemas: [],
  configs: ['schemas'],
  models: ['schemas', 'configs'],
  infra: ['schemas', 'configs'],
  streams: ['schemas', 'configs', 'models', 'infra'],
  trainers: ['schemas', 'configs', 'models', 'infra'],
  gateway: ['schemas', 'configs', 'models', 'infra'],
  serving: ['schemas', 'configs', 'models', 'infra', 'streams', 'trainers', 'gateway'],
  commands: ['schemas', 'configs', 'models', 'infra', 'streams', 'trainers', 'gateway', 'serving'],
  'cli.ts': ['schemas', 'configs', 'commands'],
}
const layers = Object.keys(mayImport)

const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'],
  {
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((path) => path !== '' && !path.startsWith('tests/fixtures/'))
const sources = files.map((path) => ({ path, text: readFileSync(path, 'utf8') }))
const shipped = sources.filter(({ path }) => isShipped(path) && !path.endsWith('.test.ts'))

function isShipped(path: string): boolean {
  return layers.includes(layerOf(path))
}

function layerOf(path: string): string {
  return path.split('/')[0]!
}

function importsOf(path: string, text: string): string[] {
  return [
    ...text.matchAll(
      /^(?:import|export)[^'"]*?from '(\.[^']+)'|^import '(\.[^']+)'|import\('(\.[^']+)'\)/gm,
    ),
  ].map((match) => normalize(join(dirname(path), (match[1] ?? match[2] ?? match[3])!)))
}

describe('layers', () => {
  it('are all there', () => {
    expect(shipped.length).toBeGreaterThan(80)
    for (const layer of layers)
      expect(shipped.some(({ path }) => layerOf(path) === layer)).toBe(true)
  })

  it.each(shipped.map(({ path, text }) => [path, text]))(
    '%s imports to the left only',
    (path, text) => {
      const layer = layerOf(path)
      const wrong = importsOf(path, text)
        .map(layerOf)
        .filter((target) => target !== layer && !mayImport[layer]!.includes(target))
      expect(wrong).toEqual([])
    },
  )

  it('has no import cycle', () => {
    const graph = new Map(shipped.map(({ path, text }) => [path, importsOf(path, text)]))
    const done = new Set<string>()
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) throw new Error(`cycle: ${[...trail, path].join(' -> ')}`)
      if (done.has(path)) return
      for (const target of graph.get(path) ?? []) visit(target, [...trail, path])
      done.add(path)
    }
    for (const path of graph.keys()) visit(path, [])
    expect(done.size).toBeGreaterThanOrEqual(shipped.length)
  })
})

describe.each(shipped)('$path', ({ path, text }) => {
  const lines = text.split('\n')

  it('opens with two to six lines that say what it owns', () => {
    const from = lines[0]!.startsWith('#!') ? 1 : 0
    let comment = 0
    while (lines[from + comment]?.startsWith('//')) comment++
    expect(comment, 'comment lines at the top').toBeGreaterThanOrEqual(1)
    expect(comment, 'comment lines at the top').toBeLessThanOrEqual(12)
  })

  it('has at most 400 lines', () => {
    expect(lines.length).toBeLessThanOrEqual(400)
  })

  it('has a name that says what is in it', () => {
    expect(path).not.toMatch(/(^|[/-])(utils?|helpers?|misc|common|types|manager|data|info)\.ts$/)
    expect(path).toMatch(/^[a-z0-9/.-]+$/)
  })

  it('reads the environment in configs/ only', () => {
    if (layerOf(path) !== 'configs') expect(text).not.toMatch(/process\.env\b/)
  })

  it('prints through commands/terminal.ts, which escapes what could steer a terminal', () => {
    const isPrinted = ['commands', 'cli.ts'].includes(layerOf(path))
    if (!isPrinted || path === 'commands/terminal.ts') return
    expect(text).not.toMatch(/\b(?:stdout|stderr)\.write\b|^\s*console\.\w/m)
  })

  it('leaves nothing for later, silences nothing, and names no registry host', () => {
    expect(text).not.toMatch(/\b(?:TODO|FIXME|XXX|HACK)\b/)
    expect(text).not.toMatch(/@ts-(?:ignore|nocheck)/)
    expect(text).not.toMatch(/registry\.npmjs|repo\d?\.maven|repo\.maven|pypi\.org/)
  })

  it('documents its exports', () => {
    const missing = [...text.matchAll(/^(.*)\n(export (?:async )?(?:function\*?|class) (\w+))/gm)]
      .filter((match) => !/\*\/\s*$|^\s*\/\/|^\s*(?:\): .*|\})\s*$/.test(match[1]!))
      .map((match) => match[3])
    expect(missing).toEqual([])
  })
})

describe('packages', () => {
  it('that shipped code imports are installed with it', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, object>
    const installed = { ...manifest['dependencies'], ...manifest['peerDependencies'] }
    const imported = shipped.flatMap(({ path, text }) =>
      [...text.matchAll(/^(?:import|export) (?!type )[^'";]*?from '(@?[a-z][^']*)'/gm)]
        .map((match) => match[1]!)
        .filter((name) => !isBuiltin(name))
        .map((name) => ({ path, name: /^(?:@[^/]+\/)?[^/]+/.exec(name)![0] })),
    )
    expect(imported.length).toBeGreaterThan(40)
    expect(imported.filter(({ name }) => !(name in installed))).toEqual([])
  })
})

describe('network clients', () => {
  it.each(['kafkajs', '@clickhouse/client', 'prom-client'])(
    '%s is imported in infra/ only',
    (name) => {
      const users = shipped
        .filter(({ text }) => new RegExp(`from '${name}'`).test(text))
        .map(({ path }) => layerOf(path))
      expect(new Set(users)).toEqual(new Set(['infra']))
    },
  )
})

describe('pages that help texts, messages and comments name', () => {
  const named = [...shipped, ...sources.filter(({ path }) => path.startsWith('scripts/'))].flatMap(
    ({ path, text }) =>
      [...text.matchAll(/(?<![\w/.-])(?:docs|bench)\/[\w/.-]+\.md/g)].map(
        ([page]) => [page, path] as const,
      ),
  )

  it('are found by the pattern', () => {
    expect(named.length).toBeGreaterThan(5)
  })

  it.each(named)('%s (in %s) is there', (page) => {
    expect(existsSync(page)).toBe(true)
  })
})
