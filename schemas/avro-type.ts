// Types derived from Avro schemas written as constants, so that a record type cannot drift from the
// schema that goes to the registry. It covers the part of Avro that Winnow uses, nothing more.

export type AvroPrimitive =
  'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' | 'bytes'

export type AvroSchema =
  | AvroPrimitive
  | readonly AvroSchema[]
  | { readonly type: 'map'; readonly values: AvroSchema }
  | { readonly type: 'array'; readonly items: AvroSchema }
  | { readonly type: 'enum'; readonly name: string; readonly symbols: readonly string[] }
  | AvroRecord

export type AvroField = {
  readonly name: string
  readonly type: AvroSchema
  readonly doc: string
  readonly default?: unknown
}

export type AvroRecord = {
  readonly type: 'record'
  readonly name: string
  readonly namespace: 'winnow'
  readonly doc: string
  readonly fields: readonly AvroField[]
}

type Primitives = {
  null: null
  boolean: boolean
  int: number
  long: number
  float: number
  double: number
  string: string
  bytes: Buffer
}

/** The TypeScript type of the values that an Avro schema describes. `long` is a safe integer. */
export type AvroType<S> = S extends keyof Primitives
  ? Primitives[S]
  : S extends readonly (infer Branch)[]
    ? AvroBranch<Branch>
    : S extends { type: 'map'; values: infer V }
      ? Record<string, AvroType<V>>
      : S extends { type: 'array'; items: infer I }
        ? AvroType<I>[]
        : S extends { type: 'enum'; symbols: readonly (infer Symbol_)[] }
          ? Symbol_
          : S extends { type: 'record'; fields: infer F extends readonly AvroField[] }
            ? { [Field in F[number] as Field['name']]: AvroType<Field['type']> }
            : never

type AvroBranch<B> = B extends unknown ? AvroType<B> : never
