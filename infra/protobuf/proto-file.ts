// Parses a .proto file (proto2, proto3 and editions) into messages and enums whose types are still
// names; proto-schema.ts resolves them. Options, services and extensions do not change how a value
// is read, so they are skipped, except the features that say how fields are written.
import { ProtoInvalid, ProtoTokens } from './proto-tokens.ts'
import type { ProtoField } from './proto-message.ts'

/** A field whose type is a name, as the file has it; `scope` is where the name is looked up. */
export type NamedField = Omit<ProtoField, 'type' | 'presence' | 'framing'> & {
  readonly type: string
  readonly scope: string
  /** Features and words that decide between presences and framings once the type is known. */
  readonly rules: FieldRules
}

/** How fields are written: `scalars` says what applies to fields that hold no message. */
export type FieldRules = {
  readonly scalars: ProtoField['presence']
  readonly messages: ProtoField['framing']
}

export type NamedMessage = {
  readonly name: string
  readonly fields: readonly NamedField[]
  /** In the order of the file, by which Confluent's serialisers count. */
  readonly nested: readonly NamedMessage[]
}

export type NamedEnum = { readonly name: string; readonly symbols: ReadonlyMap<number, string> }

export type ProtoFile = {
  readonly imports: readonly string[]
  readonly messages: readonly NamedMessage[]
  /** All enums, those in messages too. */
  readonly enums: readonly NamedEnum[]
  /** The messages of entries of maps. */
  readonly entries: readonly NamedMessage[]
}

/** Deepest nesting of messages in a file. */
const depthMax = 32
/** Most fields, symbols and types of one file. */
const partsMax = 20_000

/** Parses the text of a file. Throws ProtoInvalid. */
export function parseProtoFile(text: string): ProtoFile {
  return new FileParsing(text).file()
}

type Scope = { readonly name: string; readonly depth: number }
/** A message while it is parsed. */
type OpenMessage = { fields: NamedField[]; nested: NamedMessage[] }

class FileParsing {
  readonly #tokens: ProtoTokens
  readonly #enums: NamedEnum[] = []
  readonly #entries: NamedMessage[] = []
  #partsLeft = partsMax
  /** Without a line that says so, a file is proto2. */
  #rules: FieldRules = { scalars: 'explicit', messages: 'length' }

  constructor(text: string) {
    this.#tokens = new ProtoTokens(text)
  }

  file(): ProtoFile {
    const tokens = this.#tokens
    const imports: string[] = []
    const messages: NamedMessage[] = []
    let scope: Scope = { name: '', depth: 0 }
    while (tokens.next !== undefined) {
      switch (tokens.next) {
        case 'syntax':
          tokens.take()
          tokens.expect('=')
          if (tokens.text() === 'proto3') this.#rules = { ...this.#rules, scalars: 'implicit' }
          tokens.expect(';')
          break
        case 'package':
          tokens.take()
          scope = { ...scope, name: tokens.name() }
          tokens.expect(';')
          break
        case 'import':
          tokens.take()
          while (!/^["']/.test(tokens.next)) tokens.name()
          imports.push(tokens.text())
          tokens.expect(';')
          break
        case 'option':
          this.#rules = rulesIn(tokens.statement(), this.#rules)
          break
        default:
          this.#declaration(scope, messages)
      }
    }
    return { imports, messages, enums: this.#enums, entries: this.#entries }
  }

  /** What may stand in a file and in a message alike. */
  #declaration(scope: Scope, messages: NamedMessage[]): void {
    const tokens = this.#tokens
    this.#count()
    // Edition 2024 lets a type say whether other files may use it.
    if (tokens.next === 'export' || tokens.next === 'local') tokens.take()
    switch (tokens.next) {
      case 'message':
        tokens.take()
        messages.push(this.#message(inside(scope, tokens.name())))
        break
      case 'enum':
        tokens.take()
        this.#enums.push(this.#enum(inside(scope, tokens.name())))
        break
      case 'service':
      case 'extend':
        tokens.skipBlock()
        break
      case 'edition':
        tokens.statement()
        break
      default:
        tokens.expect(';')
    }
  }

  #message(scope: Scope): NamedMessage {
    const tokens = this.#tokens
    if (scope.depth > depthMax) throw new ProtoInvalid(`nests messages deeper than ${depthMax}`)
    const open: OpenMessage = { fields: [], nested: [] }
    tokens.expect('{')
    while (!tokens.takeIf('}')) {
      switch (tokens.next) {
        case 'message':
        case 'enum':
        case 'extend':
        case 'export':
        case 'local':
        case ';':
          this.#declaration(scope, open.nested)
          break
        case 'option':
        case 'reserved':
        case 'extensions':
          tokens.statement()
          break
        case 'oneof':
          this.#oneof(scope, open)
          break
        default:
          this.#field({ scope, oneof: undefined }, open)
      }
    }
    return { name: scope.name, ...open }
  }

  #oneof(scope: Scope, open: OpenMessage): void {
    const tokens = this.#tokens
    tokens.take()
    const oneof = tokens.name()
    tokens.expect('{')
    while (!tokens.takeIf('}')) {
      if (tokens.next === 'option') tokens.statement()
      else if (!tokens.takeIf(';')) this.#field({ scope, oneof }, open)
    }
  }

  #field({ scope, oneof }: { scope: Scope; oneof: string | undefined }, open: OpenMessage): void {
    const tokens = this.#tokens
    this.#count()
    const label = /^(?:optional|required|repeated)$/.test(tokens.next ?? '') ? tokens.take() : ''
    let holds: NamedField['holds'] = label === 'repeated' ? 'list' : 'one'
    let rules: FieldRules =
      label !== '' || oneof !== undefined ? { ...this.#rules, scalars: 'explicit' } : this.#rules
    let type = tokens.name()
    if (type === 'map' && tokens.takeIf('<')) {
      holds = 'map'
      const key = tokens.name()
      tokens.expect(',')
      type = this.#mapEntry({ scope, key, value: tokens.name() }, open)
      tokens.expect('>')
    }
    const isGroup = type === 'group'
    const given = tokens.name()
    const name = isGroup ? given.toLowerCase() : given
    if (name === '__proto__') throw new ProtoInvalid('has a field named "__proto__"')
    tokens.expect('=')
    const number = tokens.whole()
    if (tokens.next === '[') rules = rulesIn(this.#fieldOptions(), rules)
    if (isGroup) {
      rules = { ...rules, messages: 'group' }
      const group = inside(scope, given)
      open.nested.push(this.#message(group))
      type = `.${group.name}`
    } else {
      tokens.expect(';')
    }
    open.fields.push({ name, number, type, scope: scope.name, holds, oneof, rules })
  }

  /** The message of a map's entries; it is no type that a value can name. */
  #mapEntry(
    { scope, key, value }: { scope: Scope; key: string; value: string },
    open: OpenMessage,
  ): string {
    const entry = inside(scope, `<${open.fields.length}>`)
    const rules: FieldRules = { ...this.#rules, scalars: 'implicit' }
    const field = { scope: scope.name, holds: 'one', oneof: undefined, rules } as const
    this.#entries.push({
      name: entry.name,
      fields: [
        { ...field, name: 'key', number: 1, type: key },
        { ...field, name: 'value', number: 2, type: value },
      ],
      nested: [],
    })
    return `.${entry.name}`
  }

  #fieldOptions(): string[] {
    const tokens = this.#tokens
    const options: string[] = []
    for (let depth = 0; ;) {
      const token = tokens.take()
      if (token === '[') depth++
      if (token === ']') depth--
      if (depth === 0) return options
      options.push(token)
    }
  }

  #enum({ name }: Scope): NamedEnum {
    const tokens = this.#tokens
    const symbols = new Map<number, string>()
    tokens.expect('{')
    while (!tokens.takeIf('}')) {
      this.#count()
      if (tokens.takeIf(';')) continue
      if (tokens.next === 'option' || tokens.next === 'reserved') {
        tokens.statement()
        continue
      }
      const symbol = tokens.name()
      tokens.expect('=')
      const number = tokens.whole()
      // Of several names for one number, the first counts.
      if (!symbols.has(number)) symbols.set(number, symbol)
      tokens.statement()
    }
    return { name, symbols }
  }

  #count(): void {
    this.#partsLeft--
    if (this.#partsLeft < 0) throw new ProtoInvalid(`has more than ${partsMax} types and fields`)
  }
}

function inside(scope: Scope, name: string): Scope {
  return { name: scope.name === '' ? name : `${scope.name}.${name}`, depth: scope.depth + 1 }
}

/** The rules with what options change: `features.field_presence = IMPLICIT`. */
function rulesIn(options: readonly string[], rules: FieldRules): FieldRules {
  const text = options.filter((token) => !/^["']/.test(token)).join(' ')
  const presence = /\bfield_presence [=:] (\w+)/.exec(text)?.[1]
  const encoding = /\bmessage_encoding [=:] (\w+)/.exec(text)?.[1]
  return {
    scalars: presence === undefined ? rules.scalars : presenceOf(presence),
    messages: encoding === undefined ? rules.messages : framingOf(encoding),
  }
}

function presenceOf(feature: string): FieldRules['scalars'] {
  return feature === 'IMPLICIT' ? 'implicit' : 'explicit'
}

function framingOf(feature: string): FieldRules['messages'] {
  return feature === 'DELIMITED' ? 'group' : 'length'
}
