// The style rules that a machine can check: layers, folders, headers, names, and what must not be
// used. Each rule is one assertion, which lists every file that breaks it. The rules themselves are
// in ARCHITECTURE.md.
import { existsSync, readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { isBuiltin } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Each layer may import itself and those named; everything else points the wrong way. */
const mayImport: Record<string, readonly string[]> = {
  client: [],
  schemas: [],
  configs: ['schemas'],
  models: ['schemas', 'configs'],
  infra: ['schemas', 'configs'],
  streams: ['schemas', 'configs', 'models', 'infra'],
  trainers: ['schemas', 'configs', 'models', 'infra'],
  gateway: ['schemas', 'configs', 'models', 'infra'],
  serving: ['schemas', 'configs', 'models', 'infra', 'streams', 'trainers', 'gateway'],
  library: ['schemas', 'configs', 'models', 'infra', 'streams', 'trainers', 'serving'],
  'index.ts': ['schemas', 'models', 'trainers', 'library'],
  commands: [
    ...['schemas', 'configs', 'models', 'infra', 'streams', 'trainers', 'gateway'],
    ...['serving', 'library'],
  ],
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
/** Written by scripts/client-types.ts. */
const generated = 'client/gateway-api.ts'
const shipped = sources.filter(
  ({ path }) => isShipped(path) && !path.endsWith('.test.ts') && path !== generated,
)

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

  it('import to the left only', () => {
    const wrong = shipped.flatMap(({ path, text }) =>
      importsOf(path, text)
        .filter((target) => {
          const [from, to] = [layerOf(path), layerOf(target)]
          return from !== to && !mayImport[from]!.includes(to)
        })
        .map((target) => `${path} -> ${target}`),
    )
    expect(wrong).toEqual([])
  })

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

describe('folders', () => {
  const folders = new Set(shipped.map(({ path }) => dirname(path)))

  it('do not import each other in a circle', () => {
    const edges = new Map([...folders].map((folder) => [folder, new Set<string>()]))
    for (const { path, text } of shipped) {
      for (const target of importsOf(path, text)) {
        if (target.endsWith('.ts') && dirname(target) !== dirname(path)) {
          edges.get(dirname(path))!.add(dirname(target))
        }
      }
    }
    const done = new Set<string>()
    const visit = (folder: string, trail: readonly string[]): void => {
      if (trail.includes(folder)) throw new Error(`circle: ${[...trail, folder].join(' -> ')}`)
      if (done.has(folder)) return
      for (const target of edges.get(folder) ?? []) visit(target, [...trail, folder])
      done.add(folder)
    }
    for (const folder of folders) visit(folder, [])
    expect(done.size).toBe(folders.size)
  })

  it('hold at most 25 files', () => {
    const crowded = [...folders]
      .map(
        (folder) =>
          [folder, shipped.filter(({ path }) => dirname(path) === folder).length] as const,
      )
      .filter(([, count]) => count > 25)
    expect(crowded).toEqual([])
  })
})

/** The shipped files that break a rule, as paths with what is wrong. */
function breaches(rule: (file: (typeof shipped)[number]) => readonly string[]): string[] {
  return shipped.flatMap((file) => rule(file).map((what) => `${file.path}: ${what}`))
}

describe('every file', () => {
  it('opens with a comment of at most twelve lines that says what it owns', () => {
    const wrong = breaches(({ text }) => {
      const lines = text.split('\n')
      const from = lines[0]!.startsWith('#!') ? 1 : 0
      let comment = 0
      while (lines[from + comment]?.startsWith('//')) comment++
      return comment >= 1 && comment <= 12 ? [] : [`${comment} comment lines at the top`]
    })
    expect(wrong).toEqual([])
  })

  it('has a name that says what is in it', () => {
    const catchAll = /(^|[/-])(utils?|helpers?|misc|common|types|manager|data|info)\.ts$/
    expect(shipped.filter(({ path }) => catchAll.test(path))).toEqual([])
    expect(shipped.filter(({ path }) => !/^[a-z0-9/.-]+$/.test(path))).toEqual([])
  })

  it('has no comment past 100 columns', () => {
    const wrong = breaches(({ text }) =>
      text.split('\n').filter((line) => /^\s*(?:\/\/|\*|\/\*\*)/.test(line) && line.length > 100),
    )
    expect(wrong).toEqual([])
  })

  it('reads the environment in configs/ only', () => {
    const wrong = breaches(({ path, text }) =>
      layerOf(path) !== 'configs' && /process\.env\b/.test(text) ? ['process.env'] : [],
    )
    expect(wrong).toEqual([])
  })

  it('prints through commands/terminal.ts, which escapes what could steer a terminal', () => {
    const prints = /\b(?:stdout|stderr)\.write\b|^\s*console\.\w/m
    const wrong = breaches(({ path, text }) => {
      const isPrinted = ['serving', 'library', 'commands', 'cli.ts'].includes(layerOf(path))
      return isPrinted && path !== 'commands/terminal.ts' && prints.test(text) ? ['prints'] : []
    })
    expect(wrong).toEqual([])
  })

  it('leaves nothing for later, silences nothing, and names no registry host', () => {
    const rules = [
      /\b(?:TODO|FIXME|XXX|HACK)\b/,
      /@ts-(?:ignore|nocheck)/,
      /registry\.npmjs|repo\d?\.maven|repo\.maven|pypi\.org/,
    ]
    const wrong = breaches(({ text }) =>
      rules.flatMap((rule) => {
        const found = rule.exec(text)
        return found === null ? [] : [found[0]]
      }),
    )
    expect(wrong).toEqual([])
  })

  it('documents its exports', () => {
    const wrong = breaches(({ text }) =>
      [...text.matchAll(/^(.*)\n(export (?:async )?(?:function\*?|class) (\w+))/gm)]
        .filter((match) => !/\*\/\s*$|^\s*\/\/|^\s*(?:\): .*|\})\s*$/.test(match[1]!))
        .map((match) => match[3]!),
    )
    expect(wrong).toEqual([])
  })
})

describe('tests', () => {
  /** Where each source has a test of its own. */
  const tested =
    /^(?:streams|serving|models\/inference|infra\/(?:sinks|readers))\/|^infra\/telemetry\.ts$/
  const reasons: Readonly<Record<string, string>> = {
    'streams/stages/record-outcome.ts': 'types alone',
    'models/inference/session-messages.ts': 'types alone',
    'models/inference/session-worker.ts': 'the body of a thread; pool.test.ts runs it',
    'serving/backends.ts': 'opens every stack of tests/integration',
    'serving/checks/clickhouse-checks.ts':
      'asks a server; tests/integration/doctor-clickhouse.test.ts runs it on a real engine',
    'serving/checks/kafka-checks.ts':
      'asks a broker; tests/integration/secure-kafka.test.ts runs it on a real one',
    'serving/checks/registry-checks.ts':
      'asks a registry; tests/integration/secure-registry.test.ts runs it on a real one',
    'serving/control/open-control.ts':
      'puts clients together; tests/integration/gateway-control.test.ts runs it',
    'serving/erasure/event-copies.ts': 'reads topics; tests/integration/forget.test.ts runs it',
    'serving/erasure/forget-rows.ts':
      'puts readers together; tests/integration/forget.test.ts runs it',
    'serving/label-stage.ts': 'puts clients together; tests/integration/labels.test.ts runs it',
    'serving/remote-workers.ts':
      'puts clients together; tests/integration/train-worker.test.ts runs it',
    'serving/result-topics.ts': 'puts clients together; tests/integration/outputs.test.ts runs it',
    'serving/serving-model.ts': 'puts clients together; tests/integration/hot-swap.test.ts runs it',
    'serving/stage.ts': 'puts clients together; tests/integration/stream.test.ts runs it',
  }
  const expected = shipped.map(({ path }) => path).filter((path) => tested.test(path))
  const withTest = (path: string) => files.includes(path.replace(/\.ts$/, '.test.ts'))

  it('of the stream, its models, sinks and metrics stand beside their sources', () => {
    expect(expected.length).toBeGreaterThan(50)
    expect(expected.filter((path) => !withTest(path) && !(path in reasons))).toEqual([])
  })

  it('are excused only where there is a source without one', () => {
    const excused = Object.keys(reasons)
    expect(excused.filter((path) => !expected.includes(path) || withTest(path))).toEqual([])
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
