// What all commands share: common options, option parsers, a help page that ends with examples.
import { InvalidArgumentError, type Command } from 'commander'
import { parseInstant } from '../schemas/rfc3339.ts'

export type CommandText = {
  /** With arguments, in commander's form: `show <ref>`. */
  name: string
  /** The line in the list of commands. */
  summary: string
  /** The paragraph on its own help page. */
  description: string
  examples: readonly string[]
}

/** Adds a command with the options that all commands accept. */
export function addCommand(parent: Command, text: CommandText): Command {
  return parent
    .command(text.name)
    .summary(text.summary)
    .description(text.description.replaceAll('\n', ' '))
    .option('--config <file>', 'YAML file with settings that override the profile')
    .option('--profile <name>', 'local, compose or cluster (default: local)')
    .option('--set <path=value>', 'one setting, such as inference.workers=4; repeatable', collect)
    .option('--json', 'print one JSON document on stdout and nothing else there')
    .addHelpText('after', examplesText(text.examples))
}

/** The examples at the end of a help page; the program and its command groups add it themselves. */
export function examplesText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((line) => `  $ ${line}`).join('\n')}\n`
}

function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value]
}

/**
 * Creates the parser of an option that is a whole number from `min` to `max`. The parser throws
 * what commander reports as wrong usage.
 */
export function wholeNumber(min: number, max?: number): (text: string) => number {
  const most = max ?? Number.MAX_SAFE_INTEGER
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN
    if (value >= min && value <= most) return value
    const range = max === undefined ? `of at least ${min}` : `from ${min} to ${max}`
    throw new InvalidArgumentError(`Give a whole number ${range}.`)
  }
}

/** The largest seed of a random choice. */
export const seedMax = 2 ** 32 - 1

type Range = {
  readonly above?: number
  readonly from?: number
  readonly below?: number
  readonly to?: number
}

/** Creates the parser of an option that is a number in a range; throws as `wholeNumber` does. */
export function numberIn({ above, from, below, to }: Range): (text: string) => number {
  const rules: [string, number | undefined, (value: number, limit: number) => boolean][] = [
    ['above', above, (value, limit) => value > limit],
    ['of at least', from, (value, limit) => value >= limit],
    ['below', below, (value, limit) => value < limit],
    ['at most', to, (value, limit) => value <= limit],
  ]
  const given = rules.flatMap(([words, limit, holds]) =>
    limit === undefined ? [] : [{ words: `${words} ${limit}`, limit, holds }],
  )
  return (text) => {
    const value = Number(text)
    const fits = given.every(({ limit, holds }) => holds(value, limit))
    if (text.trim() !== '' && Number.isFinite(value) && fits) return value
    throw new InvalidArgumentError(
      `Give a number ${given.map(({ words }) => words).join(' and ')}.`,
    )
  }
}

const timeUnitsMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * Parses a point in time as epoch milliseconds: RFC 3339, a date, epoch milliseconds, or an age
 * (30s, 15m, 2h, 7d). Throws what commander reports as wrong usage.
 */
export function pointInTime(text: string): number {
  const ago = /^(\d{1,9})([smhd])$/.exec(text)
  if (ago !== null) {
    return Date.now() - Number(ago[1]) * timeUnitsMs[ago[2] as keyof typeof timeUnitsMs]
  }
  if (/^\d{12,14}$/.test(text)) return Number(text)
  const ms = parseInstant(text)
  if (ms !== undefined) return ms
  throw new InvalidArgumentError('Give a time such as 2026-01-31T12:00:00Z, or an age such as 2h.')
}

/**
 * Parses a duration in seconds, minutes or hours (90s, 10m, 2h) as milliseconds. Throws what
 * commander reports as wrong usage.
 */
export function durationMs(text: string): number {
  const parts = /^(\d{1,6})([smh])$/.exec(text)
  const unit = parts?.[2] as 's' | 'm' | 'h' | undefined
  const ms = unit === undefined ? 0 : Number(parts?.[1]) * timeUnitsMs[unit]
  if (ms > 0) return ms
  throw new InvalidArgumentError('Give a duration such as 90s, 10m or 2h.')
}
