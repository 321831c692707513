// One field of a row: a column or field by its name, a path into an object, or a template over
// several (`{title}\n\n{body}`), written as for topics. row-mapping.ts has all fields of a row.
import { WinnowError } from '../../schemas/errors.ts'
import { valueAtPath } from '../../schemas/mapping/field-path.ts'
import { parseSource, pathsOf, readSource } from '../../schemas/mapping/field-source.ts'

/** The values of a row by column or field. */
export type RowValues = Readonly<Record<string, unknown>>

/** A field that is ready to be read. */
export type MappedField = {
  readonly written: string
  /** The columns that it needs, if there is none whose name it is; none if all are optional. */
  readonly needs: readonly string[]
  readonly read: (values: RowValues) => unknown
}

/**
 * A column of the name, else what a path or a template gives. A name that is both is the column, so
 * that columns such as `first.name` need no quotes.
 *
 * @throws WinnowError `usage` for a template that cannot be parsed.
 */
export function mappedField(written: string): MappedField {
  const parsed = parseSource(written, { roots: 'record' })
  if (parsed.kind === 'rejected') {
    // Any text may be the name of a column; only a template cannot.
    if (/\{[^{}]*\}/.test(written)) {
      throw new WinnowError('usage', `The field ${JSON.stringify(written)} ${parsed.problem}.`)
    }
    return { written, needs: [written], read: (row) => ownValue(row, written) }
  }
  const { source } = parsed
  const paths = pathsOf(source)
  const [only] = source.parts.length === 1 ? paths : []
  // A row has no key and no headers; these words are names of columns here.
  const needs = paths.flatMap(({ root, names, isOptional }) =>
    isOptional ? [] : [root === 'value' ? (names[0] ?? written) : root],
  )
  const readParsed = (row: RowValues): unknown => {
    const record = { value: row, key: ownValue(row, 'key'), headers: {} }
    if (only !== undefined) return valueAtPath(record, only)
    const found = readSource(record, source)
    return found.kind === 'text' ? found.text : undefined
  }
  const read = (row: RowValues): unknown =>
    Object.hasOwn(row, written) ? row[written] : readParsed(row)
  return { written, needs, read }
}

function ownValue(row: RowValues, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : undefined
}

/** The columns that a field uses of those that are there, and those that it misses. */
export function columnsOfField(
  { written, needs }: MappedField,
  found: readonly string[],
): { readonly used: readonly string[]; readonly missing: readonly string[] } {
  if (found.includes(written)) return { used: [written], missing: [] }
  return { used: needs, missing: needs.filter((name) => !found.includes(name)) }
}
