// Makes rows of the values of a line, an object or a record, by the fields that people name.
// mapped-field.ts reads one field; source-row.ts checks the rows.
import type { SourceRow } from './dataset-source.ts'
import { columnsOfField, mappedField, type MappedField, type RowValues } from './mapped-field.ts'
import { labelsColumn, type RowColumns } from './row-columns.ts'

/** Columns that are ready to be applied to rows. */
export type RowMapping = {
  readonly columns: RowColumns
  readonly text: MappedField
  readonly label: MappedField
  readonly labels: MappedField
  readonly id: MappedField
  readonly time: MappedField
  readonly source: MappedField
  /** Undefined: the other columns of a table, or the field `attributes` of an object. */
  readonly attributes: readonly (readonly [name: string, field: MappedField])[] | undefined
}

/**
 * Parses the sources of all fields.
 *
 * @throws WinnowError `usage` for a template that cannot be parsed.
 */
export function rowMapping(columns: RowColumns): RowMapping {
  const { fields = {} } = columns
  const { attributes } = fields
  return {
    columns,
    text: mappedField(columns.text),
    label: mappedField(columns.label),
    labels: mappedField(fields.labels ?? labelsColumn),
    id: mappedField(fields.id ?? 'id'),
    time: mappedField(fields.time ?? 'time'),
    source: mappedField(fields.source ?? 'source'),
    attributes:
      attributes &&
      Object.entries(attributes).map(([name, written]) => [name, mappedField(written)] as const),
  }
}

type Place = { readonly place: string; readonly number: number }

/** The row of a JSON object. */
export function objectRow(
  fields: RowValues,
  { mapping, ...at }: Place & { readonly mapping: RowMapping },
): SourceRow & { number: number } {
  const attributes =
    mapping.attributes === undefined
      ? fields['attributes']
      : readAttributes(fields, mapping.attributes)
  return { ...at, ...mainFields(fields, mapping), attributes, fields }
}

/** A mapping for the columns of one table. */
export type TableMapping = RowMapping & {
  readonly hasLabel: boolean
  /** The columns that are attributes: those that no field uses. */
  readonly others: readonly string[]
}

/** Applies a mapping to the columns of a table. */
export function tableMapping(found: readonly string[], mapping: RowMapping): TableMapping {
  const { columns, text, label, labels, id, time, source, attributes } = mapping
  const hasLabel = columnsOfField(label, found).missing.length === 0
  if (attributes !== undefined) return { ...mapping, hasLabel, others: [] }
  // Without a mapping, the source of a text is an attribute as well, for slices of an evaluation.
  const fields = [text, label, id, time, ...(columns.fields?.source === undefined ? [] : [source])]
  // If there is a label column, a column "labels" is an ordinary attribute.
  const all = hasLabel ? fields : [...fields, labels]
  const used = new Set(all.flatMap((field) => columnsOfField(field, found).used))
  const others = found.filter((name) => name !== '' && !used.has(name))
  return { ...mapping, hasLabel, others }
}

/** The row of a record of a table. */
export function columnsRow(
  values: RowValues,
  { mapping, ...at }: Place & { readonly mapping: TableMapping },
): SourceRow & { number: number } {
  const fields = mainFields(values, mapping)
  const attributes =
    mapping.attributes === undefined
      ? Object.fromEntries(mapping.others.map((name) => [name, values[name]]))
      : readAttributes(values, mapping.attributes)
  return { ...at, ...fields, labels: mapping.hasLabel ? undefined : fields.labels, attributes }
}

type MainFields = Pick<SourceRow, 'text' | 'label' | 'labels' | 'id' | 'time' | 'source'>

function mainFields(values: RowValues, mapping: RowMapping): MainFields {
  const { text, label, labels, id, time, source } = mapping
  return {
    text: text.read(values),
    label: label.read(values),
    labels: labels.read(values),
    id: id.read(values),
    time: time.read(values),
    source: source.read(values),
  }
}

function readAttributes(
  values: RowValues,
  attributes: NonNullable<RowMapping['attributes']>,
): RowValues {
  const entries = attributes.flatMap(([name, field]): [string, unknown][] => {
    const value = field.read(values)
    // An attribute of optional paths may be absent.
    const isAbsent = field.needs.length === 0 && (value === undefined || value === null)
    return isAbsent ? [] : [[name, value]]
  })
  return Object.fromEntries(entries)
}
