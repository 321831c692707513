// Strings of a bounded length for the JSON forms of records. Length means characters (code points),
// as in JSON Schema and Avro; a string's own `length` counts some characters twice.
import { z } from 'zod'

/** Whether a text has more than `max` characters. */
export function isLongerThan(text: string, max: number): boolean {
  if (text.length <= max) return false
  // A character has at most two UTF-16 units, so a longer text need not be walked.
  return text.length > 2 * max || Array.from(text).length > max
}

/** A string of `min` to `max` characters. Too long is an issue of the code `too_big`. */
export function characters(min: number, max: number) {
  return z
    .string()
    .min(min, 'must not be empty')
    .check(({ value, issues }) => {
      if (!isLongerThan(value, max)) return
      const message = `is longer than ${max} characters`
      issues.push({ code: 'too_big', origin: 'string', maximum: max, input: value, message })
    })
    .meta({ maxLength: max })
}
