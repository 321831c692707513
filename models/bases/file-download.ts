// Downloads one file over HTTP: resumable, bounded in time and size, and verified by hash before it
// gets its final name. models/bases/base-sources.ts chooses the files and sources.
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fetch, type Dispatcher, type Response } from 'undici'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import { sha256OfFile } from '../runtime/file-hash.ts'
import { createDispatcher, type ProxySettings } from './proxied-fetch.ts'
import { Watchdog } from '../inference/watchdog.ts'

/** The limits of one download, in milliseconds and attempts. */
export type DownloadLimits = {
  /** To open a connection. */
  readonly connectMsMax: number
  /** From the request to the response's headers, redirects included. */
  readonly answerMsMax: number
  /** Without a single byte in the middle of a body. */
  readonly stallMsMax: number
  /** Consecutive attempts without a new byte. */
  readonly idleTriesMax: number
  /** Attempts in total. */
  readonly triesMax: number
  /** The pause before the second attempt, which doubles for each further one. */
  readonly backoffMs: number
}

/** The default limits; the download gives up on an unreachable host after 5 seconds. */
export const defaultDownloadLimits: DownloadLimits = {
  connectMsMax: 5_000,
  answerMsMax: 10_000,
  stallMsMax: 15_000,
  idleTriesMax: 2,
  triesMax: 12,
  backoffMs: 500,
}

export type DownloadRequest = {
  readonly url: string
  /** The path of the finished file; the unfinished one is beside it, as a `.part` file. */
  readonly path: string
  readonly sha256: string
  readonly bytes: number
  readonly proxy?: ProxySettings | undefined
  readonly limits?: Partial<DownloadLimits> | undefined
  readonly signal?: AbortSignal | undefined
  readonly onBytes?: ((receivedBytes: number) => void) | undefined
}

/**
 * Downloads `url` to `path`. The file gets its final name only when it is complete and verified. A
 * broken transfer continues from its `.part` file, in this call or a later one.
 *
 * Throws WinnowError 'download_failed' (no answer, refused, broken too often), 'hash_mismatch'
 * (whole, but other content), or 'cancelled' when `signal` fires.
 */
export async function downloadFile(request: DownloadRequest): Promise<void> {
  const limits = { ...defaultDownloadLimits, ...request.limits }
  const dispatcher = createDispatcher(request.proxy, limits.connectMsMax)
  // The name contains the expected hash, so that a partial file of another source is never
  // continued.
  const partPath = `${request.path}.${request.sha256.slice(0, 12)}.part`
  let idleTries = 0
  let restarted = false
  try {
    for (let attempt = 1; ; attempt++) {
      const before = await sizeOf(partPath)
      const outcome = await tryOnce({ request, limits, dispatcher, partPath })
      if (outcome.kind === 'whole') {
        await rename(partPath, request.path)
        return
      }
      if (outcome.kind === 'wrong') {
        await rm(partPath, { force: true })
        // A resumed file may mix two versions of the file, so one clean attempt decides.
        if (before > 0 && !restarted) {
          restarted = true
          continue
        }
        throw outcome.error
      }
      idleTries = (await sizeOf(partPath)) > before ? 0 : idleTries + 1
      if (!outcome.again || idleTries >= limits.idleTriesMax || attempt >= limits.triesMax) {
        throw outcome.error
      }
      await pause(limits.backoffMs * 2 ** Math.min(idleTries, 5), request.signal)
    }
  } finally {
    await dispatcher.destroy()
  }
}

type Attempt = {
  readonly request: DownloadRequest
  readonly limits: DownloadLimits
  readonly dispatcher: Dispatcher
  readonly partPath: string
}

type Outcome =
  | { kind: 'whole' }
  | { kind: 'wrong'; error: WinnowError }
  | { kind: 'broken'; error: WinnowError; again: boolean }

// Makes one request and reads its body. Failures are returned as values, except cancellation.
async function tryOnce({ request, limits, dispatcher, partPath }: Attempt): Promise<Outcome> {
  const watchdog = new Watchdog()
  const signals = request.signal ? [watchdog.signal, request.signal] : [watchdog.signal]
  let answered = false
  try {
    let from = await sizeOf(partPath)
    watchdog.start(limits.answerMsMax, `no answer within ${limits.answerMsMax} ms`)
    const response = await fetch(request.url, {
      dispatcher,
      signal: AbortSignal.any(signals),
      // With a compressed body, ranges and sizes would have another meaning.
      headers: { 'accept-encoding': 'identity', ...(from > 0 && { range: `bytes=${from}-` }) },
    })
    answered = true
    const refusal = refusalOf(response, from)
    if (refusal) {
      await response.body?.cancel()
      if (response.status === 416) return await finish({ request, partPath })
      return refusal
    }
    if (response.status === 200) from = 0
    watchdog.start(limits.stallMsMax, `no byte within ${limits.stallMsMax} ms`)
    await appendBody({ response, request, partPath, from, onChunk: () => watchdog.again() })
    return await finish({ request, partPath })
  } catch (error) {
    if (request.signal?.aborted) throw cancelled(request.url)
    if (error instanceof WinnowError) return { kind: 'wrong', error }
    const reason = watchdog.reason ?? networkReason(error)
    // Before any answer, only a broken connection is retried. An unknown host, a refused port or a
    // firewall that drops packets will not change within seconds.
    const again = answered || networkCode(error) === 'ECONNRESET'
    const failure = new WinnowError('download_failed', `${request.url}: ${reason}`, {
      cause: error,
    })
    return { kind: 'broken', error: failure, again }
  } finally {
    watchdog.stop()
  }
}

// Refuses answers without a usable body. A 206 must continue exactly at the end of the file on
// disk.
function refusalOf(response: Response, from: number): Outcome | undefined {
  const { status } = response
  const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')
  if (status === 200 || (status === 206 && from > 0 && Number(range?.[1]) === from)) {
    return undefined
  }
  const error = new WinnowError(
    'download_failed',
    `${response.url}: answered with status ${status}${status === 206 ? ' for another range' : ''}`,
    { details: { status } },
  )
  return { kind: 'broken', error, again: status >= 500 || status === 429 || status === 408 }
}

type BodyTarget = {
  readonly response: Response
  readonly request: DownloadRequest
  readonly partPath: string
  readonly from: number
  readonly onChunk: () => void
}

// Appends the body to the part file, and stops when it is longer than expected.
async function appendBody(target: BodyTarget): Promise<void> {
  const { response, request, partPath, from } = target
  let received = from
  const file: FileHandle = await open(partPath, from > 0 ? 'a' : 'w')
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      target.onChunk()
      received += chunk.byteLength
      if (received > request.bytes) {
        throw new WinnowError(
          'hash_mismatch',
          `${request.url}: longer than the expected ${request.bytes} bytes`,
        )
      }
      await file.writeFile(chunk)
      request.onBytes?.(received)
    }
  } finally {
    await file.close()
  }
}

// Checks the part file: if it is shorter than expected, the transfer broke.
async function finish(target: { request: DownloadRequest; partPath: string }): Promise<Outcome> {
  const { request, partPath } = target
  const size = await sizeOf(partPath)
  if (size < request.bytes) {
    const message = `${request.url}: ended after ${size} of ${request.bytes} bytes`
    return { kind: 'broken', error: new WinnowError('download_failed', message), again: true }
  }
  const file = await open(partPath, 'r+')
  // Flushes to disk before the rename makes the file visible.
  await file.sync().finally(() => file.close())
  const actual = await sha256OfFile(partPath)
  if (actual === request.sha256) return { kind: 'whole' }
  const error = new WinnowError(
    'hash_mismatch',
    `${request.url}: has the SHA-256 ${actual} instead of ${request.sha256}`,
    { details: { actual, expected: request.sha256 } },
  )
  return { kind: 'wrong', error }
}

function networkCode(error: unknown): string | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code
  }
  return undefined
}

function networkReason(error: unknown): string {
  let root = error
  while (root instanceof Error && root.cause instanceof Error) root = root.cause
  return errorMessage(root) || networkCode(error) || 'the connection failed'
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, { signal })
  } catch {
    throw cancelled('the download')
  }
}

function cancelled(what: string): WinnowError {
  return new WinnowError('cancelled', `Cancelled: ${what}.`)
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  return found?.size ?? 0
}
