// Text from outside, made fit to be shown: what could steer a terminal or reorder what stands
// beside it is written as an escape. Where it is shown is commands/terminal.ts's.

import { exactJsonText } from './exact-json.ts'

/**
 * Control characters (C0, DEL, C1), marks that turn the direction of writing, line separators of
 * Unicode, and U+FDD0, by which the terminal tells its own styles from text.
 */
const unfit = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufdd0]/g

/** Text with escapes for what is not fit to be shown. `many` lines keep line feeds and tabs. */
export function printableText(text: string, lines: 'one' | 'many' = 'one'): string {
  const kept = lines === 'many' ? '\n\t' : ''
  return text
    .toWellFormed()
    .replace(unfit, (character) => (kept.includes(character) ? character : escaped(character)))
}

/**
 * A value as JSON on one line that is fit to be shown; parsing it gives the same value, with every
 * digit.
 */
export function printableJson(value: unknown): string {
  return exactJsonText(value).replace(unfit, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
