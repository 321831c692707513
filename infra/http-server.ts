// What clients of a configured HTTP server share: its address, credentials, retries and the limit
// on a response. Requests, deadlines and errors belong to schema-registry/ and mlflow/.
import { setTimeout as sleep } from 'node:timers/promises'

/** The tries of a request that keeps failing. */
const triesMax = 4
const transientStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/** A server in the configuration; its address may have credentials too. */
export type ServerConfig = {
  readonly url: string
  readonly token?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/**
 * The address of a server without credentials and trailing slash, and the Authorization header that
 * the credentials need: a bearer token, or user and password.
 */
export function serverOf(config: ServerConfig): { url: string; headers: Record<string, string> } {
  const address = new URL(config.url)
  const headers = credentialHeaders(config, address)
  address.username = ''
  address.password = ''
  return { url: address.href.replace(/\/$/, ''), headers }
}

function credentialHeaders(config: ServerConfig, address: URL): Record<string, string> {
  if (config.token !== undefined) return { authorization: `Bearer ${config.token}` }
  // fetch refuses credentials in the address; they mean the same as the settings.
  const username = config.username ?? decodeURIComponent(address.username)
  const password = config.password ?? decodeURIComponent(address.password)
  if (username === '') return {}
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

/** Whether a request that got this status may succeed when it is repeated. */
export function isTransient(status: number): boolean {
  return transientStatuses.has(status)
}

/** Repeats a request after transient failures; throws one that is final, or the last one. */
export async function severalTimes<Result>(
  attempt: () => Promise<Result>,
  {
    isFinal,
    tries = triesMax,
  }: { readonly isFinal: (error: unknown) => boolean; readonly tries?: number | undefined },
): Promise<Result> {
  for (let count = 1; ; count++) {
    try {
      return await attempt()
    } catch (error) {
      if (isFinal(error) || count >= tries) throw error
      await sleep(100 * 2 ** (count - 1))
    }
  }
}

/** The text of a response; undefined if it is larger than allowed, after decompression. */
export async function boundedText(
  response: Response,
  bytesMax: number,
): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > bytesMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
