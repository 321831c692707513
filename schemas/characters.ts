// Strings of a bounded length for the JSON forms of records. Length counts characters (code
// points), as JSON Schema and Avro users count; a string's own `length` counts some characters
// twice.
import { z } from 'zod'

/** Whether a text has more than `max` characters. */
export function isLongerThan(text: string, max: number): boolean {
  if (text.length <= max) return false
  // Two UTF-16 units a character at most, so that a longer text need not be walked.
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
