// What a person sees: colours, a progress line, tables. With --json, stdout carries JSON only, and
// everything meant for a person goes to stderr.
import { stripVTControlCharacters, styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

export type Terminal = {
  readonly json: boolean
  /** A line for a person. */
  say(line?: string): void
  /** The one JSON document of a command; does nothing without --json. */
  document(value: unknown): void
  /** One line of a JSON Lines stream, always on stdout. */
  row(value: unknown): void
  /** Overwrites the progress line; on something that is no terminal, a line every few seconds. */
  progress(text: string): void
  /** Ends the progress line. */
  progressDone(): void
  readonly style: (style: Style, text: string) => string
}

const plainProgressMs = 3_000

/** A terminal on this process's stdout and stderr. Colour follows NO_COLOR and whether it is a TTY. */
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
  const style = (as: Style, text: string) => styleText(as, text, { stream: lines })
  return {
    json: options.json,
    say(line = '') {
      clear()
      lines.write(`${line}\n`)
    },
    document(value) {
      if (options.json) process.stdout.write(`${JSON.stringify(value)}\n`)
    },
    row: (value) => void process.stdout.write(`${JSON.stringify(value)}\n`),
    progress(text) {
      if (live) {
        const width = process.stderr.columns
        process.stderr.write(`\r\u001b[2K${text.slice(0, Math.max(20, width - 1))}`)
        shown = true
      } else if (text !== lastPlain && performance.now() - lastPlainMs > plainProgressMs) {
        process.stderr.write(`${text}\n`)
        lastPlainMs = performance.now()
        lastPlain = text
      }
    },
    progressDone: clear,
    style,
  }
}

/** Rows as aligned columns under a heading; numbers are set to the right. */
export function tableText(
  heading: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
): string {
  const cells = rows.map((row) => row.map((value) => String(value ?? '')))
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

function visibleLength(text: string): number {
  return stripVTControlCharacters(text).length
}

/** A duration for people: 950 ms, 12.3 s, 4 min 5 s. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`
}

/** A count with thousands separators, rounded to a whole number. */
export function countText(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/**
 * Text from outside, fit to be shown: control characters, which could steer a terminal, and marks that
 * turn the direction of writing are written as escapes. Line feeds stay, where `lines` is many.
 */
export function printableText(text: string, lines: 'one' | 'many' = 'one'): string {
  const unfit = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
  return text
    .toWellFormed()
    .replace(unfit, (character) =>
      character === '\n' && lines === 'many'
        ? character
        : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
}
