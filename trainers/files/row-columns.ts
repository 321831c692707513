// The columns of a table, or fields of an object, that hold the text and its labels, and the error
// message if one is missing.
import { nearest } from '../../schemas/nearest.ts'

/** The names of the columns with the text and the label. */
export type RowColumns = { readonly text: string; readonly label: string }

/** The column with all labels of a text, for multi-label data; used if there is no label column. */
export const labelsColumn = 'labels'

/** The default column names of every format. */
export const defaultColumns: RowColumns = { text: 'text', label: 'label' }

/** Which columns a reader must find: the text only, or the text and its label. */
export type NeededColumns = 'text' | 'text and label'

/**
 * The error message for a missing column or field: its name, the existing ones, and the option that
 * names another. Undefined if none is missing.
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
