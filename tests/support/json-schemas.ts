// The schemas of a stack without a registry, for tests that look at what is produced.
import { configSchema, noRegistry } from '../../configs/schema.ts'
import { openSchemas, type Schemas } from '../../infra/schema-registry/registry.ts'

/** Values as JSON; asks nobody. */
export function openJsonSchemas(): Promise<Schemas> {
  return openSchemas({ ...configSchema.parse({}).registry, url: noRegistry }, '')
}

/** What a produced value says. */
export function jsonOf(value: Buffer | string | null): unknown {
  return JSON.parse(String(value))
}
