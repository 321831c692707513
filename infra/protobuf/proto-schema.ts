// A Protobuf schema: a .proto file with the files that it imports, its types resolved. It finds the
// message of a value: by name, or by the indexes that Confluent's serialisers write.
import { wellKnownFiles } from './well-known-files.ts'
import { parseProtoFile, type NamedField, type NamedMessage, type ProtoFile } from './proto-file.ts'
import { ProtoInvalid } from './proto-tokens.ts'
import type { ProtoEnum, ProtoField, ProtoMessage, ScalarKind } from './proto-message.ts'

export type ProtoSchema = {
  /** A message by its full name, or by its name alone if only one of all has it. */
  byName(name: string): ProtoMessage | undefined
  /** A message of the file itself: the place among its messages, then among those in it. */
  byIndexes(indexes: readonly number[]): ProtoMessage | undefined
  /** The full names of the messages that stand in the file itself. */
  readonly names: readonly string[]
}

export type ReadSchema =
  | { readonly kind: 'ok'; readonly schema: ProtoSchema }
  | { readonly kind: 'rejected'; readonly message: string }

/** Most files of a schema, and most text in them. */
const filesMax = 1_000
const textCharsMax = 4_194_304

/**
 * Reads a schema. `imported` gives the text of a file by the path of its import; files that every
 * Protobuf compiler knows need not be given. A missing file matters only if a type is missing.
 */
export function readProtoSchema(
  text: string,
  imported: (path: string) => string | undefined,
): ReadSchema {
  try {
    return { kind: 'ok', schema: linked(text, imported) }
  } catch (error) {
    if (error instanceof ProtoInvalid) return { kind: 'rejected', message: error.message }
    throw error
  }
}

function linked(text: string, imported: (path: string) => string | undefined): ProtoSchema {
  const main = parseProtoFile(text)
  const { files, missing } = filesOf(main, imported, text.length)
  const types = new Map<string, OpenMessage | ProtoEnum>()
  const named: NamedMessage[] = []
  const declare = (message: NamedMessage) => {
    if (types.has(message.name)) throw new ProtoInvalid(`defines ${message.name} twice`)
    types.set(message.name, { kind: 'message', name: message.name, fields: new Map() })
    named.push(message)
    message.nested.forEach(declare)
  }
  for (const file of files) {
    file.messages.forEach(declare)
    file.entries.forEach(declare)
    for (const one of file.enums) types.set(one.name, { kind: 'enum', ...one })
  }
  for (const message of named) {
    const { fields } = types.get(message.name) as OpenMessage
    for (const field of message.fields) {
      if (fields.has(field.number)) {
        throw new ProtoInvalid(`has two fields with the number ${field.number} in ${message.name}`)
      }
      fields.set(field.number, resolvedField(field, types, missing))
    }
  }
  return {
    byName(name) {
      const found = types.get(name)
      if (found?.kind === 'message') return found
      const alike = named.filter((one) => one.name.endsWith(`.${name}`))
      return alike.length === 1 ? (types.get(alike[0]!.name) as ProtoMessage) : undefined
    },
    byIndexes(indexes) {
      const found = indexes.reduce<NamedMessage | undefined>(
        (message, index, depth) => (depth === 0 ? main.messages[index] : message?.nested[index]),
        undefined,
      )
      return found && (types.get(found.name) as ProtoMessage)
    },
    names: main.messages.map(({ name }) => name),
  }
}

type OpenMessage = Omit<ProtoMessage, 'fields'> & { readonly fields: Map<number, ProtoField> }

/** The file and all that it imports, each once; `missing` are paths that nobody could give. */
function filesOf(
  main: ProtoFile,
  imported: (path: string) => string | undefined,
  mainChars: number,
): { files: ProtoFile[]; missing: string[] } {
  const files = [main]
  const missing: string[] = []
  const seen = new Set<string>()
  let chars = 0
  const count = (more: number) => {
    chars += more
    if (chars > textCharsMax) throw new ProtoInvalid(`has more than ${textCharsMax} characters`)
  }
  count(mainChars)
  // The list grows while it is read.
  for (const file of files) {
    for (const path of file.imports) {
      if (seen.has(path)) continue
      seen.add(path)
      const text = wellKnownFiles.get(path) ?? imported(path)
      if (text === undefined) {
        missing.push(path)
        continue
      }
      if (seen.size > filesMax) throw new ProtoInvalid(`imports more than ${filesMax} files`)
      count(text.length)
      files.push(parsedImport(path, text))
    }
  }
  return { files, missing }
}

function parsedImport(path: string, text: string): ProtoFile {
  try {
    return parseProtoFile(text)
  } catch (error) {
    if (!(error instanceof ProtoInvalid)) throw error
    throw new ProtoInvalid(`imports ${path.slice(0, 100)}, which ${error.message}`)
  }
}

const scalars: ReadonlySet<string> = new Set<ScalarKind>([
  ...(['double', 'float', 'int32', 'int64', 'uint32', 'uint64', 'sint32', 'sint64'] as const),
  ...(['fixed32', 'fixed64', 'sfixed32', 'sfixed64', 'bool', 'string', 'bytes'] as const),
])

function resolvedField(
  { type: written, scope, rules, ...field }: NamedField,
  types: ReadonlyMap<string, OpenMessage | ProtoEnum>,
  missing: readonly string[],
): ProtoField {
  const type: ProtoField['type'] | undefined = scalars.has(written)
    ? { kind: 'scalar', scalar: written as ScalarKind }
    : found(written, scope, types)
  if (type === undefined) {
    const hint = missing.length === 0 ? '' : `; these imports are missing: ${missing.join(', ')}`
    const what = `needs the type ${written.slice(0, 100)}, which is not there`
    throw new ProtoInvalid(`${what}${hint.slice(0, 300)}`)
  }
  const isMessage = type.kind === 'message'
  return {
    ...field,
    type,
    // Lists and maps are empty when a value lacks them, messages absent.
    presence: field.holds === 'one' ? (isMessage ? 'explicit' : rules.scalars) : 'implicit',
    framing: isMessage ? rules.messages : 'length',
  }
}

/** Looks a name up in the scope of its field, then in the scopes around it. */
function found<T>(name: string, scope: string, types: ReadonlyMap<string, T>): T | undefined {
  if (name.startsWith('.')) return types.get(name.slice(1))
  for (let around = scope; around !== ''; around = around.slice(0, around.lastIndexOf('.'))) {
    const type = types.get(`${around}.${name}`)
    if (type !== undefined) return type
    if (!around.includes('.')) break
  }
  return types.get(name)
}
