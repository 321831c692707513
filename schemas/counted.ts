// Counts in sentences: one of a thing, or several.

/**
 * A count with its noun: `1 label`, `2,000 labels`. `many` is the plural where an s does not make
 * it.
 *
 * @example
 * counted(1, 'entry', 'entries') // '1 entry'
 */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${Math.round(count).toLocaleString('en-US')} ${Math.round(count) === 1 ? one : many}`
}
