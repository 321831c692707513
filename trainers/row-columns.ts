// Which columns of a table, or fields of an object, hold the text and its label or labels; and the
// sentence when they are not there.
import { nearest } from '../schemas/nearest.ts'

/** Names of the columns that matter. */
export type RowColumns = { readonly text: string; readonly label: string }

/** The column that holds all labels of a text, where several can apply; it counts when there is no label. */
export const labelsColumn = 'labels'

/** What every format calls them unless told. */
export const defaultColumns: RowColumns = { text: 'text', label: 'label' }

/**
 * What is wrong with a table's columns: the first one that is missing, with the nearest name that is
 * there; undefined when both are there.
 */
export function missingColumn(columns: RowColumns, found: readonly string[]): string | undefined {
  for (const role of ['text', 'label'] as const) {
    const name = columns[role]
    if (found.includes(name)) continue
    if (role === 'label' && found.includes(labelsColumn)) continue
    const near = nearest(name, found)
    const there = found.slice(0, 20).map((column) => JSON.stringify(column))
    const rest = found.length > there.length ? ', …' : ''
    const hint = near === undefined ? '' : ` Did you mean --${role}-column ${near}?`
    return (
      `there is no column ${JSON.stringify(name)} for the ${role}; the columns are ` +
      `${there.join(', ')}${rest}. --${role}-column names it.${hint}`
    )
  }
  return undefined
}
