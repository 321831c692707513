// The errors of the client: a refusal of the gateway with its stable code, and a gateway that
// cannot be reached.

/** One invalid item of a request. */
export type InvalidItem = {
  readonly index: number
  readonly code: string
  readonly field?: string
  readonly message: string
}

/** The problem document (RFC 9457) of a refusal. Some codes add members. */
export type ProblemDocument = {
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly instance?: string
  readonly errors?: readonly InvalidItem[]
  readonly [member: string]: unknown
}

/** The gateway refused a request. Branch on `code`, which is stable. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: string
  /** The HTTP status. */
  readonly status: number
  readonly problem: ProblemDocument
  /** How long the gateway asks to wait; undefined if it does not say. */
  readonly retryAfterMs: number | undefined

  constructor(problem: ProblemDocument, retryAfterMs?: number) {
    super(problem.detail)
    this.code = problem.code
    this.status = problem.status
    this.problem = problem
    this.retryAfterMs = retryAfterMs
  }
}

/** The gateway did not answer: it is not there, or the network failed. */
export class GatewayUnreachable extends Error {
  override readonly name = 'GatewayUnreachable'

  constructor(url: string, cause: unknown) {
    super(`No answer from ${url}`, { cause })
  }
}

/** The error of a response that is no success. A proxy's page becomes the code `http_STATUS`. */
export async function gatewayError(response: Response): Promise<GatewayError> {
  const text = await response.text().catch(() => '')
  const problem = parsedProblem(text) ?? {
    title: response.statusText,
    status: response.status,
    detail: `The server answered with status ${response.status} and no problem document`,
    code: `http_${response.status}`,
  }
  return new GatewayError(problem, retryAfterMs(response.headers))
}

function parsedProblem(text: string): ProblemDocument | undefined {
  try {
    const value = JSON.parse(text) as Partial<ProblemDocument> | null
    const isProblem = typeof value?.code === 'string' && typeof value.detail === 'string'
    return isProblem ? (value as ProblemDocument) : undefined
  } catch {
    return undefined
  }
}

/** The milliseconds of a Retry-After header in seconds; undefined for a date or no header. */
export function retryAfterMs(headers: Headers): number | undefined {
  const seconds = headers.get('retry-after')
  return seconds !== null && /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : undefined
}
