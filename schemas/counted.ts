// Writes counts in sentences, with the noun in singular or plural.

/**
 * A count with its noun: `1 label`, `2,000 labels`. `many` is the plural if it is not formed with
 * an s.
 *
 * @example
 * counted(1, 'entry', 'entries') // '1 entry'
 */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${Math.round(count).toLocaleString('en-US')} ${Math.round(count) === 1 ? one : many}`
}
