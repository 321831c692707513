// How a caller sees stored texts: as they are with the scope `read`, masked with `read-masked`.
// Every route that shows texts asks here.
import type { Context } from 'hono'
import { maskingPersonal } from '../../models/cleaning/mask-personal.ts'
import { finish } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { GatewayEnv } from './request-context.ts'

/** One way to see stored texts. */
export type TextView = {
  readonly isMasked: boolean
  readonly show: (text: string) => string
}

/** Texts as they are stored. */
export const wholeView: TextView = { isMasked: false, show: (text) => text }

/** Texts without mail addresses, phone, card and account numbers. */
export const maskedView: TextView = {
  isMasked: true,
  show: (text) => finish(maskingPersonal(text)),
}

/** The view of a caller. */
export function textViewOf(c: Context<GatewayEnv>): TextView {
  return c.get('scopes').includes('read') ? wholeView : maskedView
}

/** Throws `forbidden` if the caller sees texts masked only; `what` is completed by "the scope". */
export function requireWholeTexts(c: Context<GatewayEnv>, what: string): void {
  if (!textViewOf(c).isMasked) return
  throw new WinnowError('forbidden', `${what} the scope "read"; this key has "read-masked"`, {
    details: { scope: 'read' },
  })
}

/** Every value as the view shows it. */
export function shownValues(
  values: Readonly<Record<string, string>>,
  { show }: TextView,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, show(value)]))
}
