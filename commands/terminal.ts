// All output of commands: styles, progress lines, tables, logs. It escapes control characters,
// except those of `style`, and removes credentials of URLs from logs and errors. With --json,
// stdout carries JSON only and text for people goes to stderr. tests/tidy.test.ts forbids other
// output in commands/.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { stripVTControlCharacters, styleText } from 'node:util'
import { printableJson, printableText } from '../schemas/printable-text.ts'
import { withoutUrlSecrets } from '../schemas/url-secrets.ts'

type Style = Parameters<typeof styleText>[0]

export type Terminal = {
  readonly json: boolean
  /** Columns of the terminal; undefined if stdout is not a terminal, and with --json. */
  readonly width: number | undefined
  /**
   * Whether a line can be overwritten in front of a person: stderr is a terminal, without --json.
   */
  readonly isLive: boolean
  /** Prints lines for a person. */
  say(lines?: string): void
  /** Prints the one JSON document of a command; does nothing without --json. */
  document(value: unknown): void
  /** Prints one line of JSON Lines on stdout; resolves when there is room for the next. */
  row(value: unknown): Promise<void>
  /** Prints the text of a result, always on stdout. */
  result(text: string): void
  /** Overwrites the progress line; if stderr is not a terminal, prints a line every few seconds. */
  progress(text: string): void
  /** Ends the progress line. */
  progressDone(): void
  /** Styles text for `say`; other methods escape the style. */
  readonly style: (style: Style, text: string) => string
}

const plainProgressMs = 3_000

/**
 * Stands for the escape character in what `style` made. Text from outside cannot contain it: U+FDD0
 * is escaped, and the rest differs in each process.
 */
const styleMark = `\ufdd0${randomUUID()}`

/**
 * Creates a terminal on this process's stdout and stderr. Colour follows NO_COLOR and whether it is
 * a TTY.
 */
export function createTerminal(options: { json: boolean }): Terminal {
  const lines = options.json ? process.stderr : process.stdout
  const live = process.stderr.isTTY
  let shown = false
  let lastPlainMs = -Infinity
  let lastPlain = ''
  const clear = () => {
    if (shown) process.stderr.write('\r\u001b[2K')
    shown = false
  }
  return {
    json: options.json,
    width: !options.json && process.stdout.isTTY ? process.stdout.columns : undefined,
    isLive: live && !options.json,
    say(text = '') {
      clear()
      lines.write(`${shownText(text)}\n`)
    },
    document(value) {
      if (options.json) process.stdout.write(`${printableJson(value)}\n`)
    },
    async row(value) {
      if (!process.stdout.write(`${printableJson(value)}\n`)) await once(process.stdout, 'drain')
    },
    result(text) {
      clear()
      process.stdout.write(printableText(text, 'many'))
    },
    progress(text) {
      const line = printableText(withoutUrlSecrets(text))
      if (live) {
        const width = process.stderr.columns || 80
        process.stderr.write(`\r\u001b[2K${line.slice(0, Math.max(20, width - 1))}`)
        shown = true
      } else if (line !== lastPlain && performance.now() - lastPlainMs > plainProgressMs) {
        process.stderr.write(`${line}\n`)
        lastPlainMs = performance.now()
        lastPlain = line
      }
    },
    progressDone: clear,
    style: (as, text) =>
      styleText(as, shownText(text), { stream: lines }).replaceAll('\u001b', styleMark),
  }
}

/** Writes bytes to stdout unchanged, for callers that ask for it. */
export function writeRaw(text: string): void {
  process.stdout.write(text)
}

/** Writes one line to stderr: what happens besides the result of a command. */
export function logLine(line: string): void {
  process.stderr.write(`${printableText(withoutUrlSecrets(line))}\n`)
}

/** Writes one line with the time to stderr, for a command that runs until it is stopped. */
export function logTimed(line: string): void {
  logLine(`${new Date().toISOString()} ${line}`)
}

/**
 * Creates a log for a command with a progress line: it ends that line, then writes one with the
 * time to stderr.
 */
export function timedLog(terminal: Pick<Terminal, 'progressDone'>): (line: string) => void {
  return (line) => {
    terminal.progressDone()
    logTimed(line)
  }
}

/** Writes lines to stderr, such as an error and what to do about it. */
export function writeError(lines: string): void {
  process.stderr.write(`${printableText(withoutUrlSecrets(lines), 'many')}\n`)
}

/** Writes a value to stdout as JSON: the one document of a command that failed. */
export function writeDocument(value: unknown): void {
  process.stdout.write(`${printableJson(value)}\n`)
}

/** Escapes everything except the styles of `Terminal.style`. */
function shownText(text: string): string {
  return text
    .split(styleMark)
    .map((part) => printableText(part, 'many'))
    .join('\u001b')
}

/** Formats rows as aligned columns under a heading; numbers are right-aligned. */
export function tableText(
  heading: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
): string {
  const cells = rows.map((row) => row.map((value) => cellText(String(value ?? ''))))
  const widths = heading.map((name, column) =>
    Math.max(name.length, ...cells.map((row) => visibleLength(row[column] ?? ''))),
  )
  const line = (row: readonly string[], alignRight: readonly boolean[]) =>
    row
      .map((cell, column) => {
        const gap = ' '.repeat(Math.max(0, widths[column]! - visibleLength(cell)))
        return alignRight[column] ? gap + cell : cell + gap
      })
      .join('  ')
      .trimEnd()
  const numeric = heading.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'),
  )
  const rule = widths.map((width) => '─'.repeat(width))
  return [
    line([...heading], numeric),
    line(rule, []),
    ...cells.map((row) => line(row, numeric)),
  ].join('\n')
}

/** One line, with its styles. */
function cellText(text: string): string {
  return text
    .split(styleMark)
    .map((part) => printableText(part))
    .join(styleMark)
}

function visibleLength(text: string): number {
  return stripVTControlCharacters(text.replaceAll(styleMark, '\u001b')).length
}

/** A duration for people: 950 ms, 12.3 s, 4 min 5 s, 2 h 10 min, 3 d 4 h. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  return hours < 24
    ? `${hours} h ${minutes % 60} min`
    : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** A count with thousands separators, rounded to a whole number. */
export function countText(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** A size for people: 512 B, 4.2 kB, 91 MB, 1.1 GB; in powers of 1,000. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const
  let value = bytes
  let unit = 0
  // A value that would round to 1,000 moves to the next unit.
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1_000
  return `${unit === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]!}`
}
