// Does infra/protobuf parse .proto files as protobufjs does? Compares messages and fields of every
// file in a folder, such as that of the npm package google-proto-files: node bench/proto-files.ts
// FOLDER
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import protobuf from 'protobufjs'
import { parseProtoFile, type NamedMessage } from '../infra/protobuf/proto-file.ts'
import { ProtoInvalid } from '../infra/protobuf/proto-tokens.ts'

const [folder = '.'] = process.argv.slice(2)

/** Fields by message, as text; or why the file cannot be parsed. */
type Parsed = ReadonlyMap<string, string> | string

function byOurs(text: string): Parsed {
  const messages = new Map<string, string>()
  const visit = ({ name, fields, nested }: NamedMessage) => {
    messages.set(name, fieldsText(fields.map((one) => `${one.number} ${one.name} ${one.holds}`)))
    nested.forEach(visit)
  }
  try {
    parseProtoFile(text).messages.forEach(visit)
    return messages
  } catch (error) {
    if (error instanceof ProtoInvalid) return error.message
    throw error
  }
}

function byProtobufjs(text: string): Parsed {
  const messages = new Map<string, string>()
  const visit = (space: protobuf.NamespaceBase) => {
    for (const one of space.nestedArray) {
      if (one instanceof protobuf.Type) {
        const fields = one.fieldsArray.map((field) => {
          const holds = field.map ? 'map' : field.repeated ? 'list' : 'one'
          return `${field.id} ${field.name} ${holds}`
        })
        messages.set(one.fullName.slice(1), fieldsText(fields))
      }
      if (one instanceof protobuf.Namespace) visit(one)
    }
  }
  try {
    visit(protobuf.parse(text, new protobuf.Root(), { keepCase: true }).root)
    return messages
  } catch (error) {
    return (error as Error).message
  }
}

function shown(parsed: Parsed): string {
  return typeof parsed === 'string' ? parsed : 'parses it'
}

function fieldsText(fields: readonly string[]): string {
  return fields.toSorted().join(', ')
}

const counts = { files: 0, same: 0, different: 0, onlyOursRefuses: 0, onlyProtobufjsRefuses: 0 }
let oursMs = 0
for (const path of globSync('**/*.proto', { cwd: folder })) {
  const text = readFileSync(join(folder, path), 'utf8')
  const startMs = performance.now()
  const ours = byOurs(text)
  oursMs += performance.now() - startMs
  const library = byProtobufjs(text)
  counts.files++
  if (typeof ours === 'string' || typeof library === 'string') {
    if (typeof library !== 'string') counts.onlyOursRefuses++
    else if (typeof ours !== 'string') counts.onlyProtobufjsRefuses++
    process.stdout.write(`${path}: ours ${shown(ours)}, protobufjs ${shown(library)}\n`)
    continue
  }
  const names = new Set([...ours.keys(), ...library.keys()])
  const other = [...names].find((name) => ours.get(name) !== library.get(name))
  if (other === undefined) counts.same++
  else {
    counts.different++
    process.stdout.write(`${path}: ${other}: ${ours.get(other)} / ${library.get(other)}\n`)
  }
}
process.stdout.write(`${JSON.stringify({ ...counts, oursMs: Math.round(oursMs) })}\n`)
