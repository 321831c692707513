// Sends requests to the schema registry (Confluent's API) with credentials, a deadline, retries and
// a limit on the response. Registering schemas is registry.ts, looking them up schema-source.ts.
import type { Config } from '../../configs/schema.ts'
import { connectionProblem } from '../../configs/connection-problem.ts'
import { tlsProblem } from '../../configs/tls-problem.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { followSecret } from '../followed-files.ts'
import { boundedText, isTransient, serverOf, severalTimes } from '../http-server.ts'
import { followClientTls } from '../tls-client.ts'
import { tlsFetch } from '../tls-fetch.ts'

export type RegistryAnswer =
  | {
      readonly kind: 'found'
      readonly text: string
      readonly mediaType: string
      /** The time of the registry, in whole seconds (the header Date). */
      readonly clockMs: number | undefined
    }
  | { readonly kind: 'absent' }
  /** Clients that register schemas decide their size, so this is not a failure of the registry. */
  | { readonly kind: 'too_large' }

export type RegistryHttp = {
  /** The registry's address without a trailing slash. */
  readonly url: string
  /**
   * Reads an address below `url`, or another one on the same server. Throws registry_unavailable
   * when all tries failed, and registry_refused if no further try can help.
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

/**
 * Creates a client of the registry's HTTP interface; it holds nothing to close. Each request uses
 * the current content of files with secrets and certificates. Throws config_invalid if a file of
 * registry.tls cannot be used.
 */
export function createRegistryHttp(
  config: Config['registry'],
  onProblem: (line: string) => void = () => undefined,
): RegistryHttp {
  const credentials = followCredentials(config, onProblem)
  const send = config.url.startsWith('https:')
    ? tlsFetch(followClientTls('registry.tls', config.tls ?? {}, onProblem))
    : fetch
  const requestOf = (headers: Record<string, string>) => ({
    headers: { accept: 'application/json, */*', ...credentials(), ...headers },
    signal: AbortSignal.timeout(config.requestMsMax),
  })
  const read = async (url: string): Promise<RegistryAnswer> => {
    const response = await send(url, requestOf({}))
    if (response.ok) {
      const text = await boundedText(response, answerBytesMax)
      if (text === undefined) return { kind: 'too_large' }
      const clockMs = Date.parse(response.headers.get('date') ?? '')
      return {
        kind: 'found',
        text,
        mediaType: response.headers.get('content-type') ?? '',
        clockMs: Number.isNaN(clockMs) ? undefined : clockMs,
      }
    }
    await response.body?.cancel()
    if (absentStatuses.has(response.status)) return { kind: 'absent' }
    throw new RegistryRefused(response.status)
  }
  return {
    url: serverOf(config).url,
    async get(url, { tries } = {}) {
      try {
        return await severalTimes(() => read(url), { isFinal, tries })
      } catch (cause) {
        const { pathname } = new URL(url)
        throw registryError({ url }, `read ${pathname} from the registry`, cause)
      }
    },
    send(method, url, body) {
      return severalTimes(
        async () => {
          const response = await send(url, {
            ...requestOf({ 'content-type': schemaMediaType }),
            method,
            body: JSON.stringify(body),
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

/** Maps a failed request: registry_refused if a retry cannot help, else registry_unavailable. */
export function registryError(
  { url }: Pick<RegistryHttp, 'url'>,
  what: string,
  cause: unknown,
): WinnowError {
  if (cause instanceof WinnowError) return cause
  const refusal = cause instanceof RegistryRefused ? refusals[cause.status] : undefined
  const tls = tlsFailure(cause)
  const problem = refusal ?? (tls && `${tls.what}; ${tls.fix}`)
  // fetch hides the alert by which a server asks for a certificate.
  const isClosed = codesOf(cause).includes('UND_ERR_SOCKET')
  const hint =
    isClosed && url.startsWith('https:')
      ? '; if it wants a certificate of this client, set registry.tls.certFile and registry.tls.keyFile'
      : ''
  return new WinnowError(
    problem === undefined ? 'registry_unavailable' : 'registry_refused',
    `cannot ${what}: ${problem ?? connectionProblem(cause)}${hint}`,
    { cause },
  )
}

const refusals: Readonly<Record<number, string>> = {
  401:
    'it refuses the credentials (status 401); check registry.username and registry.password, or ' +
    'registry.token',
  403: 'it refuses this user the right to do so (status 403); docs/registry.md lists the rights',
}

/** The function that gives the Authorization header of a request. */
function followCredentials(
  config: Config['registry'],
  onProblem: (line: string) => void,
): () => Record<string, string> {
  const { password, passwordFile, token, tokenFile } = config
  const currentPassword = followSecret(
    { value: password, file: passwordFile, setting: 'registry.passwordFile' },
    onProblem,
  )
  const currentToken = followSecret(
    { value: token, file: tokenFile, setting: 'registry.tokenFile' },
    onProblem,
  )
  return () => serverOf({ ...config, password: currentPassword(), token: currentToken() }).headers
}

function codesOf(cause: unknown): unknown[] {
  if (!(cause instanceof Error)) return []
  return [(cause as { code?: unknown }).code, ...codesOf(cause.cause)]
}

function tlsFailure(cause: unknown) {
  for (let one = cause; one instanceof Error; one = one.cause) {
    const remedies = { section: 'registry.tls', withoutTls: 'set registry.url to http' }
    const problem = tlsProblem(one, remedies)
    if (problem !== undefined) return problem
  }
  return undefined
}

function isFinal(error: unknown): boolean {
  return (
    (error instanceof RegistryRefused && !isTransient(error.status)) ||
    tlsFailure(error) !== undefined
  )
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
