// Sends requests to the schema registry (Confluent's API) with credentials, a deadline, retries and
// a limit on the response. Registering schemas is registry.ts, looking them up schema-source.ts.
import type { Config } from '../../configs/schema.ts'
import { connectionProblem } from '../../configs/connection-problem.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { boundedText, isTransient, serverOf, severalTimes } from '../http-server.ts'

export type RegistryAnswer =
  | { readonly kind: 'found'; readonly text: string; readonly mediaType: string }
  | { readonly kind: 'absent' }
  /** Clients that register schemas decide their size, so this is not a failure of the registry. */
  | { readonly kind: 'too_large' }

export type RegistryHttp = {
  /** The registry's address without a trailing slash. */
  readonly url: string
  /**
   * Reads an address below `url`, or another one on the same server. Throws registry_unavailable
   * when all tries failed.
   */
  get(url: string, options?: { readonly tries?: number }): Promise<RegistryAnswer>
  /**
   * Sends a JSON body and returns the response text. Throws RegistryRefused for a status other than
   * success, and the error of fetch if the registry does not respond, after all tries.
   */
  send(method: 'POST' | 'PUT', url: string, body: object): Promise<string>
}

/** The registry responded with a status other than success. */
export class RegistryRefused extends Error {
  readonly status: number

  constructor(status: number, detail?: string) {
    super(`it answered with status ${status}${detail === undefined ? '' : `: ${detail}`}`)
    this.status = status
  }
}

/** Largest response: far above any schema that can be used here. */
const answerBytesMax = 4_194_304
const schemaMediaType = 'application/vnd.schemaregistry.v1+json'
/** How registries respond to an id that is unknown or malformed. */
const absentStatuses = new Set([400, 404, 410, 422])

/** Creates a client of the registry's HTTP interface; it holds nothing to close. */
export function createRegistryHttp(config: Config['registry']): RegistryHttp {
  const server = serverOf(config)
  const headers = { accept: 'application/json, */*', ...server.headers }
  const read = async (url: string): Promise<RegistryAnswer> => {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(config.requestMsMax) })
    if (response.ok) {
      const text = await boundedText(response, answerBytesMax)
      if (text === undefined) return { kind: 'too_large' }
      return { kind: 'found', text, mediaType: response.headers.get('content-type') ?? '' }
    }
    await response.body?.cancel()
    if (absentStatuses.has(response.status)) return { kind: 'absent' }
    throw new RegistryRefused(response.status)
  }
  return {
    url: server.url,
    async get(url, { tries } = {}) {
      try {
        return await severalTimes(() => read(url), { isFinal, tries })
      } catch (cause) {
        const { pathname } = new URL(url)
        throw new WinnowError(
          'registry_unavailable',
          `cannot read ${pathname} from the registry: ${connectionProblem(cause)}`,
          { cause },
        )
      }
    },
    send(method, url, body) {
      return severalTimes(
        async () => {
          const response = await fetch(url, {
            method,
            headers: { ...headers, 'content-type': schemaMediaType },
            body: JSON.stringify(body),
            signal: AbortSignal.timeout(config.requestMsMax),
          })
          const text = (await boundedText(response, answerBytesMax)) ?? ''
          if (!response.ok) throw new RegistryRefused(response.status, refusalText(text))
          return text
        },
        { isFinal },
      )
    },
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof RegistryRefused && !isTransient(error.status)
}

/** The message of a refusal, from `{"error_code": 42201, "message": "…"}`. */
function refusalText(text: string): string | undefined {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    return typeof message === 'string' ? message : undefined
  } catch {
    return undefined // A proxy's error page says nothing about the schema.
  }
}
