// The options that say which dead letters `dlq list` and `dlq replay` mean.
import { InvalidArgumentError, type Command } from 'commander'
import type { LetterFilter } from '../infra/readers/dead-letter-reader.ts'
import { eventErrors } from '../schemas/errors.ts'
import { pointInTime } from './shared-options.ts'

/** The parsed options of `addLetterOptions`. */
export type LetterOptions = { code?: string; since?: number; until?: number }

/** Adds the options that say which dead letters are meant. */
export function addLetterOptions(command: Command): Command {
  return command
    .option('--code <code>', 'only this error code', errorCode)
    .option('--since <time>', 'rejected from then on: a time, or an age such as 2h', pointInTime)
    .option('--until <time>', 'rejected before then', pointInTime)
}

/** The dead letters that the options mean. */
export function filterOf({ code, since, until }: LetterOptions): Omit<LetterFilter, 'state'> {
  return { code, sinceMs: since, untilMs: until }
}

function errorCode(code: string): string {
  if (Object.hasOwn(eventErrors, code)) return code
  const known = Object.keys(eventErrors).join(', ')
  throw new InvalidArgumentError(`Dead letters have no such code. Their codes are ${known}.`)
}
