// The columns of a table, or fields of an object, that hold the text and its labels, and the error
// message if one is missing.
import { WinnowError } from '../../schemas/errors.ts'
import { nearest } from '../../schemas/nearest.ts'
import { columnsOfField, mappedField } from './mapped-field.ts'

/**
 * Where text and label of a row are: a column or field by its name, a path such as `order.note`, or
 * a template such as `{title}: {body}`. See mapped-field.ts.
 */
export type RowColumns = {
  readonly text: string
  readonly label: string
  /** The same for other fields. Default: the column or field with the name of each. */
  readonly fields?: OtherFields | undefined
}

/** The fields besides text and label. */
export type OtherFields = {
  readonly labels?: string | undefined
  readonly id?: string | undefined
  readonly time?: string | undefined
  readonly source?: string | undefined
  /** By the name of the attribute. With any, nothing else becomes one. */
  readonly attributes?: Readonly<Record<string, string>> | undefined
}

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
    if (hasField(found, columns[role])) return false
    return role === 'text' || !hasField(found, columns.fields?.labels ?? labelsColumn)
  })
  const [role] = missing
  const others = kind === 'column' ? otherMissing(found, columns) : undefined
  if (role === undefined && others === undefined) return undefined
  const there = found.slice(0, 20).map((column) => JSON.stringify(column))
  const rest = found.length > there.length ? ', …' : ''
  const list = found.length === 0 ? 'there are none' : `the ${kind}s are ${there.join(', ')}${rest}`
  if (role === undefined) return `there is no ${kind} ${others}; ${list}.`
  const [name = columns[role]] = columnsOfField(mappedField(columns[role]), found).missing
  const isWhole = name === columns[role]
  const near = nearest(name, found)
  const hint = near === undefined || !isWhole ? '' : ` Did you mean --${role}-column ${near}?`
  const flags = missing.map((one) => `--${one}-column`).join(' and ')
  const names = missing.length === 1 ? `names the ${kind} to use` : `name the ${kind}s to use`
  const reader = isWhole ? '' : `, which ${JSON.stringify(columns[role])} reads`
  return (
    `there is no ${kind} ${JSON.stringify(name)} for the ${role}${reader}; ${list}. ` +
    `${flags} ${names}.${hint}`
  )
}

/** The fields that people can name, besides `attributes.NAME`. */
export const fieldNames = ['text', 'label', 'labels', 'id', 'time', 'source'] as const

const attributePrefix = 'attributes.'

/**
 * The columns by the names of fields, such as `{ text: 'body', 'attributes.team': 'team.name' }`.
 *
 * @throws WinnowError `usage` for a field that rows do not have, and for a template that cannot be
 * parsed.
 */
export function columnsOfFields(written: Readonly<Record<string, string>>): RowColumns {
  const attributes: Record<string, string> = {}
  const others: Record<string, string> = {}
  for (const [field, source] of Object.entries(written)) {
    mappedField(source)
    if (field.startsWith(attributePrefix) && field.length > attributePrefix.length) {
      attributes[field.slice(attributePrefix.length)] = source
    } else if (fieldNames.some((name) => name === field)) others[field] = source
    else {
      const near = nearest(field, fieldNames)
      const hint = near === undefined ? '' : ` Did you mean ${near}?`
      const message =
        `There is no field ${JSON.stringify(field)}; the fields are ${fieldNames.join(', ')} and ` +
        `attributes.NAME.${hint}`
      throw new WinnowError('usage', message)
    }
  }
  const { text = defaultColumns.text, label = defaultColumns.label, ...named } = others
  const hasAttributes = Object.keys(attributes).length > 0
  return { text, label, fields: { ...named, ...(hasAttributes && { attributes }) } }
}

/** Whether the columns have what a field needs. */
export function hasField(found: readonly string[], written: string): boolean {
  if (found.includes(written)) return true
  return columnsOfField(mappedField(written), found).missing.length === 0
}

/** The first field besides text and label that a person named and the columns do not have. */
function otherMissing(found: readonly string[], { fields = {} }: RowColumns): string | undefined {
  const { attributes = {}, ...named } = fields
  for (const [field, written] of Object.entries({ ...named, ...attributes })) {
    const [name] = columnsOfField(mappedField(written), found).missing
    if (name !== undefined) return `${JSON.stringify(name)} for the field ${field}`
  }
  return undefined
}
