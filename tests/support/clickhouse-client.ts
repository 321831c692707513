// A client of a test stack's embedded engine, as a program other than Winnow would use.
import { ClickHouseLogLevel, createClient } from '@clickhouse/client'
import type { ClickHouseClient } from '@clickhouse/client'
import type { StackConnections } from '../../infra/local/services/stack-state.ts'

export type ClickHouseAccess = Pick<
  StackConnections,
  'clickhouseUrl' | 'clickhouseUsername' | 'clickhousePassword'
>

type Options = { database?: string; compression?: { request?: boolean; response?: boolean } }

/** A client of the engine's HTTP interface; the caller closes it. */
export function clickhouseClient(
  access: ClickHouseAccess,
  options: Options = {},
): ClickHouseClient {
  return createClient({
    url: access.clickhouseUrl,
    username: access.clickhouseUsername,
    password: access.clickhousePassword,
    log: { level: ClickHouseLogLevel.OFF },
    ...options,
  })
}

/** The header of a request made without the client. */
export function clickhouseHeaders(access: ClickHouseAccess): { authorization: string } {
  const { clickhouseUsername: user, clickhousePassword: password } = access
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}
