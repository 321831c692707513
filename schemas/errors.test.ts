// The list of error codes against the code that makes them and the tests that meet them: one
// meaning each, and none without a place where it comes from and a test that names it.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  WinnowError,
  errorMessage,
  eventErrors,
  operationErrors,
  requestItemErrors,
} from './errors.ts'
import type { OperationErrorCode } from './errors.ts'

const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'],
  { encoding: 'utf8' },
)
  .split('\n')
  // These two go through the whole list, which proves nothing about a single code.
  .filter((path) => path !== '' && !/^(?:schemas\/errors|gateway\/problem)\.test\.ts$/.test(path))
const textOf = (paths: readonly string[]) =>
  paths.map((path) => readFileSync(path, 'utf8')).join('\n')
const tests = textOf(files.filter((path) => path.endsWith('.test.ts')))
const sources = textOf(
  files.filter(
    (path) =>
      !path.endsWith('.test.ts') && !path.startsWith('tests/') && path !== 'schemas/errors.ts',
  ),
)
// As a key of the map of statuses a code has no quotes, so that this finds uses only.
const quoted = (code: string) => new RegExp(`['"]${code}['"]`)

const meanings = [
  ...Object.entries(eventErrors),
  ...Object.entries(requestItemErrors),
  ...Object.entries(operationErrors).map(([code, { meaning }]) => [code, meaning] as const),
]

describe.each(meanings)('%s', (code, meaning) => {
  it('means one sentence', () => {
    expect(meaning).toMatch(/^[A-Z].{10,}\.$/)
    expect(meanings.filter(([, other]) => other === meaning)).toHaveLength(1)
  })

  it('comes from somewhere', () => expect(quoted(code).test(sources)).toBe(true))

  it('is met by a test', () => expect(quoted(code).test(tests)).toBe(true))
})

describe('the codes', () => {
  it('are words with underscores, each in one of the three lists', () => {
    for (const [code] of meanings) expect(code).toMatch(/^[a-z0-9]+(_[a-z0-9]+)*$/)
    expect(new Set(meanings.map(([code]) => code)).size).toBe(meanings.length)
  })
})

describe('WinnowError', () => {
  it.each(Object.keys(operationErrors) as OperationErrorCode[])(
    'takes from the code %s alone whether a retry can help',
    (code) => {
      expect(new WinnowError(code, 'x').retryable).toBe(operationErrors[code].retryable)
    },
  )

  it('keeps its cause and details', () => {
    const cause = new Error('inner')
    const error = new WinnowError('internal', 'outer', { cause, details: { n: 1 } })
    expect(error.cause).toBe(cause)
    expect(error.details).toEqual({ n: 1 })
    expect('cause' in new WinnowError('internal', 'alone')).toBe(false)
    expect(errorMessage(error)).toBe('outer')
    expect(errorMessage('just text')).toBe('just text')
  })
})
