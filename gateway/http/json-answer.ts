// The JSON answer of routes whose numbers may be larger than JavaScript's.
import type { Context } from 'hono'
import { exactJsonText } from '../../schemas/exact-json.ts'
import type { GatewayEnv } from './request-context.ts'

/** Answers with JSON that has all digits of each number, because ClickHouse has 64-bit offsets. */
export function exactJson(
  c: Context<GatewayEnv>,
  value: unknown,
  status: 200 | 202 = 200,
): Response {
  return c.body(exactJsonText(value), status, { 'Content-Type': 'application/json' })
}
