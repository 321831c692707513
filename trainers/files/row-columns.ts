// Which columns of a table, or fields of an object, hold the text and its label or labels; and the
// sentence when they are not there.
import { nearest } from '../../schemas/nearest.ts'

/** Names of the columns that matter. */
export type RowColumns = { readonly text: string; readonly label: string }

/**
 * The column that holds all labels of a text, where several can apply; it counts when there is no
 * label.
 */
export const labelsColumn = 'labels'

/** What every format calls them unless told. */
export const defaultColumns: RowColumns = { text: 'text', label: 'label' }

/** Which columns a reader must find: the text alone, or its label as well. */
export type NeededColumns = 'text' | 'text and label'

/**
 * What is wrong with a table's columns or an object's fields: the first one that is missing, all
 * that are there, and how to name another; undefined when none is missing.
 */
export function missingColumn(
  found: readonly string[],
  { columns, need, kind }: { columns: RowColumns; need: NeededColumns; kind: 'column' | 'field' },
): string | undefined {
  const roles = need === 'text' ? (['text'] as const) : (['text', 'label'] as const)
  const missing = roles.filter((role) => {
    if (found.includes(columns[role])) return false
    return role === 'text' || !found.includes(labelsColumn)
  })
  const [role] = missing
  if (role === undefined) return undefined
  const there = found.slice(0, 20).map((column) => JSON.stringify(column))
  const rest = found.length > there.length ? ', …' : ''
  const near = nearest(columns[role], found)
  const hint = near === undefined ? '' : ` Did you mean --${role}-column ${near}?`
  const flags = missing.map((one) => `--${one}-column`).join(' and ')
  const names = missing.length === 1 ? `names the ${kind} to use` : `name the ${kind}s to use`
  const list = found.length === 0 ? 'there are none' : `the ${kind}s are ${there.join(', ')}${rest}`
  return (
    `there is no ${kind} ${JSON.stringify(columns[role])} for the ${role}; ${list}. ` +
    `${flags} ${names}.${hint}`
  )
}
