// Makes text from outside safe to show: characters that could control a terminal or reorder the
// text around them are written as escapes.

import { exactJsonText } from './exact-json.ts'

/**
 * Control characters (C0, DEL, C1), marks that turn the direction of writing, line separators of
 * Unicode, and U+FDD0, by which the terminal tells its own styles from text.
 */
const unfit = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufdd0]/g

/** Text with escapes for the characters above. `many` lines keep line feeds and tabs. */
export function printableText(text: string, lines: 'one' | 'many' = 'one'): string {
  const kept = lines === 'many' ? '\n\t' : ''
  return text
    .toWellFormed()
    .replace(unfit, (character) => (kept.includes(character) ? character : escaped(character)))
}

/**
 * A value as JSON on one line that is safe to show; parsing it gives the same value, with every
 * digit.
 */
export function printableJson(value: unknown): string {
  return exactJsonText(value).replace(unfit, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
