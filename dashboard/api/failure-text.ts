// Says in words what went wrong and what to do next, by the stable code of the gateway.
import { GatewayError, GatewayUnreachable } from '../../client/gateway-error.ts'

/** A failure as a view shows it. */
export type FailureText = {
  readonly title: string
  readonly detail: string
  /** What the person can do. */
  readonly next: string
  readonly code: string
}

const nextByCode: Readonly<Record<string, string>> = {
  unauthorized: 'Enter an API key of this gateway.',
  forbidden: 'Use an API key with this scope.',
  not_found: 'It may still be on its way, or it was removed.',
  analytics_unavailable: 'Check that ClickHouse runs: winnow status.',
  broker_unavailable: 'Check that Kafka runs: winnow status.',
  queue_full: 'The gateway is busy. Try again in a moment.',
  model_unavailable: 'Promote a version under Models, or set gateway.models to true.',
  deadline_exceeded: 'Try again, or ask for less at once.',
}

/** The words for anything that a request threw. */
export function failureText(error: unknown): FailureText {
  if (error instanceof GatewayError) {
    const { code, message, problem, status } = error
    const next = nextByCode[code] ?? (status >= 500 ? 'Try again; if it stays, see the log.' : '')
    const items = problem.errors?.map((item) => item.message) ?? []
    const detail = items.length > 0 ? `${message}: ${items.join('; ')}` : message
    return { title: problem.title, detail, next, code }
  }
  if (error instanceof GatewayUnreachable) {
    return {
      title: 'The gateway does not answer',
      detail: 'The connection was refused or lost.',
      next: 'Check that it runs: winnow status.',
      code: 'unreachable',
    }
  }
  const detail = error instanceof Error ? error.message : String(error)
  return { title: 'Something went wrong', detail, next: 'Try again.', code: 'unexpected' }
}

/** Whether a key, or one with more scopes, would help. */
export function needsKey(error: unknown): boolean {
  return error instanceof GatewayError && error.status === 401
}
