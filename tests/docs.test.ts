// What the documents name exists: files, links, commands, options, settings, and the functions on
// the way of one event. Examples are parsed, and nothing is run.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { CommanderError, type Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { createProgram } from '../cli.ts'
import {
  configFields,
  environmentLayer,
  fileVariableOf,
  variableOf,
} from '../configs/environment.ts'
import { configSchema } from '../configs/schema.ts'
import { errorMessage } from '../schemas/errors.ts'
import { shellCommands } from './support/shell-commands.ts'
import { readSpace } from '../trainers/tuning/space/space-file.ts'
import { settingsOf } from '../trainers/tuning/space/train-space.ts'

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
}).split('\n')
const pages = tracked
  .filter((path) => path.endsWith('.md') && path !== 'CHANGELOG.md' && existsSync(path))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
const sources = tracked
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && existsSync(path))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }))

describe('documents', () => {
  it('name files that are there', () => {
    const missing = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/(?<![\w./-])((?:[a-z-]+\/)+[\w.-]+\.(?:ts|py|sql|yaml|jsonl))\b/g)]
        .map(([, name]) => name!)
        .filter((name) => isOurs(name) && !existsSync(name))
        .map((name) => `${path}: ${name}`),
    )
    expect(missing).toEqual([])
  })

  it('name files without a folder that are there', () => {
    const names = tracked.map((path) => path.split('/').at(-1)!)
    const wrong = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/`([a-z0-9-]+\.ts)`/g)]
        .map(([, name]) => name!)
        .filter((name) => !names.includes(name))
        .map((name) => `${path}: ${name}`),
    )
    expect(wrong).toEqual([])
  })

  it('link to pages and headings that are there', () => {
    const broken = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => target!)
        .filter((target) => !/^(?:https?:|mailto:)/.test(target))
        .filter((target) => !isThere(path, target))
        .map((target) => `${path}: ${target}`),
    )
    expect(broken).toEqual([])
  })
})

/** The pages for users, whose examples must work as they stand. */
const guides = pages.filter(({ path }) => path === 'README.md' || path.startsWith('docs/'))

describe('the index of docs/', () => {
  it('lists every page', () => {
    const index = readFileSync('docs/README.md', 'utf8')
    const missing = guides
      .filter(({ path }) => path.startsWith('docs/') && path !== 'docs/README.md')
      .filter(({ path }) => !index.includes(`](${path.slice('docs/'.length)})`))
      .map(({ path }) => path)
    expect(missing).toEqual([])
  })
})

describe('command lines', () => {
  const lines = codeBlocks(['', 'sh'])
    .filter(({ code }) => !isDiagram(code))
    .flatMap(({ path, code }) => shellCommands(code).map((words) => ({ path, words })))
    .flatMap(({ path, words }) => {
      const args = winnowArguments(words)
      return args === undefined ? [] : [{ path, args }]
    })

  it('are split as a shell splits them', () => {
    const text =
      'A=1 winnow query "a | b" \\\n  --json > x.json # all; of it\necho \'#\' | winnow up'
    expect(shellCommands(text)).toEqual([
      ['A=1', 'winnow', 'query', 'a | b', '--json'],
      ['echo', '#'],
      ['winnow', 'up'],
    ])
  })

  it('are found', () => {
    expect(lines.length).toBeGreaterThan(60)
  })

  it('name commands and options that exist', async () => {
    const program = await programThatOnlyParses()
    const wrong: string[] = []
    for (const { path, args } of lines) {
      await program.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
        const isHelp = error instanceof CommanderError && error.exitCode === 0
        if (!isHelp) wrong.push(`${path}: winnow ${args.join(' ')}: ${errorMessage(error)}`)
      })
    }
    expect(wrong).toEqual([])
  })

  it('set settings that exist', () => {
    const settings = configFields().map(({ path }) => path)
    const wrong = lines.flatMap(({ path, args }) =>
      args
        .filter((_, index) => args[index - 1] === '--set')
        .filter((setting) => !settings.includes(setting.split('=')[0]!))
        .map((setting) => `${path}: --set ${setting}`),
    )
    expect(wrong).toEqual([])
  })

  it('name scripts of package.json', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }
    const wrong = guides.flatMap(({ path, text }) =>
      [...text.matchAll(/\bnpm run ([\w:-]+)/g)]
        .map(([, script]) => script!)
        .filter((script) => !(script in scripts))
        .map((script) => `${path}: npm run ${script}`),
    )
    expect(wrong).toEqual([])
  })
})

describe('variables', () => {
  const settings = new Set(
    configFields().flatMap(({ path, secret }) =>
      secret ? [variableOf(path), fileVariableOf(path)] : [variableOf(path)],
    ),
  )

  it('are settings, or have a meaning of their own', () => {
    const wrong = guides.flatMap(({ path, text }) =>
      [...text.matchAll(/\bWINNOW_[A-Z0-9_]*[A-Z0-9]\b(?![*_…])/g)]
        .map(([name]) => name)
        .filter((name) => !settings.has(name) && !isReserved(name))
        .map((name) => `${path}: ${name}`),
    )
    expect(wrong).toEqual([])
  })
})

describe('blocks of data', () => {
  const problems = (languages: readonly string[], check: (code: string) => string | undefined) =>
    codeBlocks(languages).flatMap(({ path, code }) => {
      const problem = check(code)
      return problem === undefined ? [] : [`${path}: ${problem}`]
    })

  it('of JSON and JSON Lines parse', () => {
    const parse = (text: string): unknown => JSON.parse(text)
    expect(problems(['json'], (code) => failureOf(() => parse(code)))).toEqual([])
    const parseLines = (code: string): unknown[] => code.trim().split('\n').map(parse)
    expect(problems(['jsonl'], (code) => failureOf(() => parseLines(code)))).toEqual([])
  })

  it('of YAML are settings that the configuration schema accepts', () => {
    expect(codeBlocks(['yaml']).length).toBeGreaterThan(2)
    const wrong = problems(['yaml'], (code) => failureOf(() => configSchema.parse(parseYaml(code))))
    expect(wrong).toEqual([])
  })

  it('of search spaces are spaces of the method head', () => {
    expect(codeBlocks(['yaml space']).length).toBeGreaterThan(1)
    const options = { settings: settingsOf('head'), source: 'the block' }
    const read = (code: string) => failureOf(() => readSpace(code, options))
    expect(problems(['yaml space'], read)).toEqual([])
  })
})

describe('reference pages', () => {
  /** The names in backticks in the first column of a page's tables. */
  const namesIn = (path: string, pattern: RegExp) =>
    [...readFileSync(path, 'utf8').matchAll(/^\| (`[^|]*)\|/gm)].flatMap(([, cell]) =>
      [...cell!.matchAll(pattern)].map(([, name]) => name!),
    )

  it('docs/http.md lists the routes of the gateway', () => {
    const routes = sources
      .filter(({ path }) => path.startsWith('gateway/'))
      .flatMap(({ text }) => [...text.matchAll(/^ {2}path: '(\/[^']*)',$/gm)].map(([, at]) => at!))
    expect(namesIn('docs/http.md', /(?:GET|POST) (\/[^`]*)`/g).sort()).toEqual(routes.sort())
  })

  it('docs/tables.md lists the tables and columns of infra/sql', () => {
    const sql = tracked
      .filter((path) => path.startsWith('infra/sql/'))
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n')
    const wordsOfSql = new Set(sql.match(/\w+/g))
    const named = namesIn('docs/tables.md', /`(\w+)`/g)
    expect(named.filter((name) => !wordsOfSql.has(name))).toEqual([])
    const created = [...sql.matchAll(/CREATE (?:TABLE|VIEW) IF NOT EXISTS (\w+)/g)]
      .map(([, name]) => name!)
      .filter((name) => !new RegExp(`DROP TABLE IF EXISTS ${name}\\b`).test(sql))
    expect(created.filter((name) => !named.includes(name))).toEqual([])
  })
})

describe('the way of one event in ARCHITECTURE.md', () => {
  const page = readFileSync('ARCHITECTURE.md', 'utf8')
  const section = /^## One event, .*?(?=^## )/ms.exec(page)?.[0] ?? ''
  const steps = section.split(/^\d+\. /m).slice(1)

  it('takes at most ten files', () => {
    expect(steps.length).toBeGreaterThan(4)
    expect(steps.length).toBeLessThanOrEqual(10)
  })

  it.each(steps.map((step) => [step.split('\n')[0]!, step]))('%s', (_, step) => {
    const names = [...step.split('\n\n')[0]!.matchAll(/`#?(?:[A-Z]\w+\.)?([a-z]\w*[A-Z]?\w*)`/g)]
      .map(([, name]) => name!)
      .filter((name) => !name.includes('winnow'))
    for (const name of names) {
      const pattern = new RegExp(
        `\\b(?:function\\*? |const |#|async |readonly )?#?${name}\\b[(<:= ]`,
      )
      expect(
        sources.some(({ text }) => pattern.test(text)),
        name,
      ).toBe(true)
    }
  })
})

function isOurs(name: string): boolean {
  const top = name.split('/')[0]!
  return tracked.some((path) => path.startsWith(`${top}/`)) && !name.includes('X')
}

function isThere(page: string, target: string): boolean {
  const [file = '', heading] = target.split('#')
  const path = file === '' ? page : normalize(join(dirname(page), file))
  if (!existsSync(path)) return false
  if (heading === undefined || !path.endsWith('.md')) return true
  const anchors = [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
  // GitHub counts headings with the same title: `classify`, `classify-1`.
  const numbered = anchors.map((anchor, at) => {
    const before = anchors.slice(0, at).filter((other) => other === anchor).length
    return before === 0 ? anchor : `${anchor}-${before}`
  })
  return numbered.includes(heading)
}

/** The fenced blocks of the guides in one of these languages; '' is a block without one. */
function codeBlocks(languages: readonly string[]): { path: string; code: string }[] {
  return guides.flatMap(({ path, text }) =>
    [...text.matchAll(/^( *)```([^\n]*)\n(.*?)^\1```$/gms)]
      .filter(([, , language]) => languages.includes(language!))
      .map(([, , , code]) => ({ path, code: code! })),
  )
}

function isDiagram(code: string): boolean {
  return /[\u2500-\u257f]/.test(code)
}

/** What a command gives to `winnow`; undefined for other programs. */
function winnowArguments(words: readonly string[]): string[] | undefined {
  const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word) && word !== 'npx')
  return /^(?:\.\/)?winnow$/.test(words[first] ?? '') ? words.slice(first + 1) : undefined
}

/** The command line with actions that do nothing, so that parsing it checks and runs nothing. */
async function programThatOnlyParses(): Promise<Command> {
  const program = await createProgram()
  const silence = (command: Command): void => {
    command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    if (command.commands.length === 0) command.action(() => undefined)
    command.commands.forEach(silence)
  }
  silence(program)
  return program
}

/** Whether a variable has a meaning although no setting has its name. */
function isReserved(name: string): boolean {
  return failureOf(() => environmentLayer({ [name]: '' })) === undefined
}

function failureOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return errorMessage(error)
  }
}
