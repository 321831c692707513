// What reaches a terminal: no text from outside can control it, whatever command prints it and how.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createProgram } from '../cli.ts'
import { openContext } from './command-context.ts'
import {
  bytesText,
  createTerminal,
  logLine,
  logTimed,
  tableText,
  writeDocument,
  writeError,
} from './terminal.ts'
import { printableJson, printableText } from '../schemas/printable-text.ts'

const written = { stdout: '', stderr: '' }

beforeEach(() => {
  Object.assign(written, { stdout: '', stderr: '' })
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((part) => {
      written[name] += String(part)
      return true
    })
  }
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/**
 * Clears the screen, sets colours and title; C1 forms of both, DEL, bidi override, forged style
 * marks, and a carriage return.
 */
const hostile =
  'a\u001b[2J\u001b[31mb\u001b]0;t\u0007\u009b2J\u0085\u007f\u202eevil\u2066\ufdd0[1m\rover'
const unfit =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufdd0]/

function expectFit(): void {
  const { stdout, stderr } = written
  expect(stdout + stderr).toContain('\\u001b[2J')
  expect(stdout + stderr).not.toMatch(unfit)
}

describe('text from outside cannot control the terminal', () => {
  it.each([false, true])('with --json %j, through any way to print', (json) => {
    const terminal = createTerminal({ json })
    terminal.say(hostile)
    terminal.say(terminal.style('bold', hostile))
    terminal.say(tableText([hostile], [[hostile], [terminal.style('red', hostile)]]))
    terminal.progress(hostile)
    terminal.document({ [hostile]: hostile })
    void terminal.row([hostile])
    terminal.result(`${hostile}\n`)
    logLine(hostile)
    logTimed(hostile)
    writeError(hostile)
    writeDocument({ error: hostile })
    expectFit()
  })

  it('logs, errors and progress hide the credentials of a URL', () => {
    const url = 'http://me:sesame@host:8123/x'
    logLine(`cannot reach ${url}`)
    logTimed(url)
    writeError(url)
    createTerminal({ json: true }).progress(`model.onnx from hub ${url}`)
    expect(written.stderr).not.toContain('sesame')
    expect(written.stderr.match(/http:\/\/\*\*\*@host:8123\/x/g)).toHaveLength(4)
  })

  it('through an error of the command line', async () => {
    const program = await createProgram('status')
    const parsed = program.parseAsync(['status', `--${hostile}`], { from: 'user' })
    await expect(parsed).rejects.toThrow()
    expectFit()
  })
})

describe('a terminal', () => {
  const original = { colors: process.stdout.isTTY }
  afterEach(() => Object.assign(process.stdout, { isTTY: original.colors }))

  it('keeps its own styles, including nested ones, and no others', () => {
    Object.assign(process.stdout, { isTTY: true })
    vi.stubEnv('FORCE_COLOR', '1')
    const terminal = createTerminal({ json: false })
    const { style } = terminal
    terminal.say(style('bold', `x${style('red', 'y')}\u001b[32mz`))
    expect(written.stdout).toBe('\u001b[1mx\u001b[31my\u001b[39m\\u001b[32mz\u001b[22m\n')
    written.stdout = ''
    terminal.say(tableText(['a', 'b'], [[style('red', 'y'), 'c']]))
    expect(written.stdout).toBe('a  b\n─  ─\n\u001b[31my\u001b[39m  c\n')
  })

  it('keeps the line breaks of a text, and none where one line is expected', () => {
    const terminal = createTerminal({ json: false })
    terminal.say('a\nb\tc')
    terminal.result('d\te\n')
    logLine('f\ng')
    expect(written).toEqual({ stdout: 'a\nb\tc\nd\te\n', stderr: 'f\\u000ag\n' })
    expect(tableText(['h'], [['a\nb']])).toBe('h\n────────\na\\u000ab')
  })

  it('prints JSON that parses to the same value', () => {
    const value = { [hostile]: [hostile, 'ä\n"\\', 1, null] }
    expect(JSON.parse(printableJson(value))).toEqual(value)
    expect(printableJson(value)).not.toMatch(unfit)
    expect(printableText('half \ud800')).toBe('half \ufffd')
  })
})

it('warns once, on stderr, about a password that is sent unencrypted', async () => {
  const set = ['kafka.saslMechanism=plain', 'kafka.username=u', 'kafka.password=sesame']
  const { terminal } = await openContext({ set, json: true })
  terminal.document({})
  expect(written.stderr).toMatch(/^warning: kafka\.saslMechanism plain without kafka\.ssl .*\n$/)
  expect(written.stderr).not.toContain('sesame')
  expect(written.stdout).toBe('{}\n')
})

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [9_960, '10 kB'],
    [90_329_705, '90 MB'],
    [999_600_000, '1.0 GB'],
    [1_100_000_000, '1.1 GB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text)
  })
})
