// Paths into a decoded record: `order.note`, `lines[0].text`, `["a.b"].c`, and where it has them
// `key.customer` and `headers.x-id`. It parses them once and follows them; templates of several
// paths are field-source.ts.
import type { DecodedRecord } from '../ports/record-decoder.ts'

/** The parts of a record that a path can lead into. */
export type PathRoot = 'value' | 'key' | 'headers'

/** A parsed path. */
export type FieldPath = {
  /** As it was written, without the mark of an optional one. */
  readonly text: string
  readonly root: PathRoot
  readonly names: readonly string[]
  /** Written with `?` at its end: it may lead nowhere. */
  readonly isOptional: boolean
}

export type ParsedPath =
  | { readonly kind: 'ok'; readonly path: FieldPath }
  | { readonly kind: 'rejected'; readonly problem: string }

/** Deepest place that a path may lead to. */
const namesMax = 32
/** One name: in brackets with quotes, an index in brackets, or what stands between dots. */
const step = /\["([^"]*)"\]|\['([^']*)'\]|\[(\d{1,9})\]|([^.[\]]+)/y

/**
 * Parses a path. `roots: record`: a first name `key`, `headers` or `value` is that part of the
 * record. `roots: value`: a path leads into the value, whatever its first name.
 */
export function parsePath(
  written: string,
  { roots }: { readonly roots: 'record' | 'value' },
): ParsedPath {
  const isOptional = roots === 'record' && written.endsWith('?')
  const text = isOptional ? written.slice(0, -1) : written
  if (roots === 'record' && text.startsWith('headers.')) {
    // The name of a header may contain dots and brackets.
    const name = text.slice('headers.'.length)
    if (name === '') return rejected('names no header')
    return { kind: 'ok', path: { text, root: 'headers', names: [name], isOptional } }
  }
  const names = namesOf(text)
  if (typeof names === 'string') return rejected(names)
  if (names.length > namesMax) return rejected(`leads deeper than ${namesMax} names`)
  const [first] = names
  // A quoted first name is a field of the value.
  const isRoot = roots === 'record' && (first === 'value' || first === 'key') && text[0] !== '['
  if (roots === 'record' && text === 'headers') return rejected('must name a header: headers.NAME')
  const root = isRoot ? first : 'value'
  return { kind: 'ok', path: { text, root, names: isRoot ? names.slice(1) : names, isOptional } }
}

function rejected(problem: string): ParsedPath {
  return { kind: 'rejected', problem }
}

/** The names of a path, or what is wrong with it. */
function namesOf(text: string): string[] | string {
  if (text === '') return 'is empty'
  const names: string[] = []
  let at = 0
  while (at < text.length) {
    if (text[at] === '.' && at > 0) at++
    else if (at > 0 && text[at] !== '[') return `has something unexpected at character ${at + 1}`
    step.lastIndex = at
    const match = step.exec(text)
    if (match === null) return `has no name at character ${at + 1}`
    names.push(match[1] ?? match[2] ?? match[3] ?? match[4]!)
    at = step.lastIndex
  }
  return text.endsWith('.') ? 'ends with a dot' : names
}

/** The value at a path; undefined if it leads nowhere. Only own properties count. */
export function valueAtPath(record: DecodedRecord, { root, names }: FieldPath): unknown {
  return names.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? (value as Record<string, unknown>)[name]
        : undefined,
    record[root],
  )
}
