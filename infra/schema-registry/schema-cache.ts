// Keeps what was made of the schemas that values name, so that a registry is asked once for each.
// A schema that is unknown is asked for again after a while, since it may be registered later.
import { rejected, type Outcome } from '../../schemas/outcome.ts'
import type { SchemaId } from '../../schemas/schema-id.ts'

const unknownMsMax = 10_000
/** Ids are signed 32-bit integers; registries disagree on how to respond to others. */
const idMax = 0x7fff_ffff
/** Most schemas that are kept; the oldest one makes room. */
const schemasMax = 1_000

type Kept<T> = { readonly result: Promise<Outcome<T>>; untilMs: number }

/** What was made of schemas, by id. */
export class SchemaCache<T> {
  readonly #read: (schema: SchemaId) => Promise<Outcome<T>>
  readonly #kept = new Map<string, Kept<T>>()

  /** `read` makes something of a schema; what it throws is not kept. */
  constructor(read: (schema: SchemaId) => Promise<Outcome<T>>) {
    this.#read = read
  }

  get(schema: SchemaId): Promise<Outcome<T>> {
    if (schema.id === 0 || (schema.kind === 'id' && schema.id > idMax)) {
      return Promise.resolve(rejected('schema_unknown', `${schema.id} is not a schema id`))
    }
    const key = `${schema.kind}/${schema.id}`
    const known = this.#kept.get(key)
    if (known !== undefined && performance.now() < known.untilMs) return known.result
    const entry: Kept<T> = { result: this.#read(schema), untilMs: Infinity }
    entry.result.then(
      (one) => {
        const isUnknown = one.kind === 'rejected' && one.error.code === 'schema_unknown'
        if (isUnknown) entry.untilMs = performance.now() + unknownMsMax
      },
      () => this.#kept.delete(key),
    )
    this.#kept.delete(key)
    this.#kept.set(key, entry)
    if (this.#kept.size > schemasMax) this.#kept.delete(this.#kept.keys().next().value!)
    return entry.result
  }
}
