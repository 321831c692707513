// The options by which `dlq list` and `dlq replay` select dead letters.
import { InvalidArgumentError, type Command } from 'commander'
import type { LetterFilter } from '../../infra/readers/dead-letter-reader.ts'
import { eventErrors } from '../../schemas/errors.ts'
import { pointInTime } from '../shared-options.ts'

/** The parsed options of `addLetterOptions`. */
export type LetterOptions = { code?: string; since?: number; until?: number }

/** Adds the options that select dead letters. */
export function addLetterOptions(command: Command): Command {
  return command
    .option('--code <code>', 'only this error code', errorCode)
    .option(
      '--since <time>',
      'rejected at or after this time, or within this age such as 2h',
      pointInTime,
    )
    .option('--until <time>', 'rejected before this time or age', pointInTime)
}

/** The filter that the options describe. */
export function filterOf({ code, since, until }: LetterOptions): Omit<LetterFilter, 'state'> {
  return { code, sinceMs: since, untilMs: until }
}

function errorCode(code: string): string {
  if (Object.hasOwn(eventErrors, code)) return code
  const known = Object.keys(eventErrors).join(', ')
  throw new InvalidArgumentError(`No dead letter has this code. The codes are ${known}.`)
}
