// A client of the test stack's schema registry, as a program other than Winnow would use.
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { StackConnections } from '../../infra/local/services/stack-state.ts'

export type RegistryAccess = Pick<StackConnections, 'registryUrl' | 'registryToken'>

/** The header that every request to the registry must carry. */
export function registryHeaders({ registryToken }: RegistryAccess): { authorization: string } {
  return { authorization: `Bearer ${registryToken}` }
}

/** A client of the registry's Confluent API. */
export function registryClient(access: RegistryAccess): SchemaRegistry {
  return new SchemaRegistry({
    host: access.registryUrl,
    middlewares: [
      () => ({
        prepareRequest: async (next) =>
          (await next()).enhance({ headers: registryHeaders(access) }),
      }),
    ],
  })
}
