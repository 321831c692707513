// An S3-compatible service as an object store: one client with its limits, uploads in parts, and
// error mapping. The SDK is loaded when a store is opened, so that nobody else pays for it. Which
// keys there are, and the check of what was downloaded, are models/.
import { open, stat } from 'node:fs/promises'
import type * as Sdk from '@aws-sdk/client-s3'
import type { Config } from '../../configs/schema.ts'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import type { ObjectContent, ObjectStore, StoredObject } from '../../schemas/object-store.ts'

type Place = { readonly bucket: string; readonly prefix: string }
type Context = Place & {
  readonly sdk: typeof Sdk
  readonly client: Sdk.S3Client
  readonly config: Config['store']
}

/**
 * Opens the bucket that the configuration names; nothing is asked of it yet. Without `accessKeyId`
 * the SDK's own chain of credentials decides (environment, profile, role of the machine). Throws
 * `config_invalid` without a bucket.
 */
export async function openS3Objects(config: Config['store']): Promise<ObjectStore> {
  const { bucket } = config
  if (bucket === undefined) {
    throw new WinnowError('config_invalid', 'store.bucket is missing: store.kind s3 needs it', {
      details: { path: 'store.bucket' },
    })
  }
  const sdk = await import('@aws-sdk/client-s3')
  const client = createClient(sdk, config)
  const prefix = config.prefix === '' ? '' : `${config.prefix.replace(/^\/+|\/+$/g, '')}/`
  const context: Context = { sdk, client, config, bucket, prefix }
  return {
    url: `s3://${bucket}/${prefix}`,
    write: (key, content, { signal } = {}) =>
      s3Call(`write ${key}`, context, () => write(context, { key, content, signal })),
    create: (key, bytes) => s3Call(`create ${key}`, context, () => create(context, key, bytes)),
    stream: (key, { fromByte = 0, signal } = {}) =>
      s3Call(`read ${key}`, context, () => read(context, { key, fromByte, signal })),
    list: (below) => s3Call(`list ${below}`, context, () => list(context, below)),
    close: () => client.destroy(),
  }
}

function createClient(sdk: typeof Sdk, config: Config['store']): Sdk.S3Client {
  const { endpoint, accessKeyId, secretAccessKey = '', sessionToken } = config
  return new sdk.S3Client({
    region: config.region,
    forcePathStyle: config.pathStyle,
    maxAttempts: config.triesMax,
    // Older servers do not know the newer checksums; what was downloaded is checked by SHA-256
    // anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: config.connectMsMax,
      requestTimeout: config.requestMsMax,
      socketTimeout: config.requestMsMax,
      throwOnRequestTimeout: true,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined
      ? {}
      : {
          credentials: {
            accessKeyId,
            secretAccessKey,
            ...(sessionToken === undefined ? {} : { sessionToken }),
          },
        }),
  })
}

type Upload = {
  readonly key: string
  readonly content: ObjectContent
  readonly signal: AbortSignal | undefined
}

async function write(context: Context, upload: Upload): Promise<void> {
  const { sdk, client, bucket, prefix, config } = context
  const { key, content, signal } = upload
  const size = 'bytes' in content ? content.bytes.byteLength : (await stat(content.path)).size
  if (size > config.partBytes && 'path' in content) {
    await writeParts(context, { key, path: content.path, size, signal })
    return
  }
  const Body = 'bytes' in content ? content.bytes : await readRange(content.path, 0, size)
  const put = new sdk.PutObjectCommand({ Bucket: bucket, Key: prefix + key, Body })
  await client.send(put, signal === undefined ? {} : { abortSignal: signal })
}

/**
 * Uploads a large file in parts, a few at once; the object appears when the last call is answered.
 */
async function writeParts(
  { sdk, client, bucket, prefix, config }: Context,
  file: { key: string; path: string; size: number; signal: AbortSignal | undefined },
): Promise<void> {
  const target = { Bucket: bucket, Key: prefix + file.key }
  const options = file.signal === undefined ? {} : { abortSignal: file.signal }
  // A service takes at most 10,000 parts; 8 MiB ones reach 80 GB.
  const partBytes = Math.max(config.partBytes, Math.ceil(file.size / 10_000))
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(target), options)
  const parts: Sdk.CompletedPart[] = []
  let next = 0
  const uploadNext = async (): Promise<void> => {
    for (let index = next++; index * partBytes < file.size; index = next++) {
      const from = index * partBytes
      const Body = await readRange(file.path, from, Math.min(partBytes, file.size - from))
      const part = { ...target, UploadId, PartNumber: index + 1, Body }
      const { ETag } = await client.send(new sdk.UploadPartCommand(part), options)
      parts[index] = { ETag, PartNumber: index + 1 }
    }
  }
  try {
    // Every lane ends before the upload is given up: a part that arrives later would stay forever.
    const lanes = Array.from({ length: config.partsMax }, uploadNext)
    const settled = await Promise.allSettled(lanes)
    const failed = settled.find((lane) => lane.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const MultipartUpload = { Parts: parts }
    const complete = { ...target, UploadId, MultipartUpload }
    await client.send(new sdk.CompleteMultipartUploadCommand(complete), options)
  } catch (error) {
    // What failed first is the message; parts that cannot be dropped now are for a bucket's
    // lifecycle rule.
    const abort = new sdk.AbortMultipartUploadCommand({ ...target, UploadId })
    await client.send(abort).catch(() => undefined)
    throw error
  }
}

async function create(
  { sdk, client, bucket, prefix }: Context,
  key: string,
  bytes: Uint8Array,
): Promise<'created' | 'exists'> {
  const put = { Bucket: bucket, Key: prefix + key, Body: bytes, IfNoneMatch: '*' }
  try {
    await client.send(new sdk.PutObjectCommand(put))
    return 'created'
  } catch (error) {
    // 409: another writer was creating it at this moment, and has not failed.
    if ([409, 412].includes(statusOf(error) ?? 0)) return 'exists'
    throw error
  }
}

async function read(
  context: Context,
  asked: { key: string; fromByte: number; signal: AbortSignal | undefined },
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const { sdk, client, bucket, prefix } = context
  const { key, fromByte, signal } = asked
  const get = new sdk.GetObjectCommand({
    Bucket: bucket,
    Key: prefix + key,
    ...(fromByte > 0 ? { Range: `bytes=${fromByte}-` } : {}),
  })
  try {
    const answer = await client.send(get, signal === undefined ? {} : { abortSignal: signal })
    return mapped(`read ${key}`, context, answer.Body as unknown as AsyncIterable<Uint8Array>)
  } catch (error) {
    if ((error as Partial<Sdk.S3ServiceException>).name === 'NoSuchKey') return undefined
    // There is nothing after the end.
    if (statusOf(error) === 416) return mapped(`read ${key}`, context, noBytes())
    throw error
  }
}

/** Failures in the middle of a body are the store's as well. */
async function* mapped(
  what: string,
  place: Place,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (cause) {
    throw s3Error(what, place, cause)
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

async function list(
  { sdk, client, bucket, prefix }: Context,
  below: string,
): Promise<StoredObject[]> {
  const found: StoredObject[] = []
  let ContinuationToken: string | undefined
  do {
    const page = await client.send(
      new sdk.ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix + below,
        ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
      }),
    )
    for (const { Key = '', Size = 0 } of page.Contents ?? []) {
      found.push({ key: Key.slice(prefix.length), bytes: Size })
    }
    ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined
  } while (ContinuationToken !== undefined)
  return found.sort((a, b) => (a.key < b.key ? -1 : 1))
}

async function readRange(path: string, from: number, length: number): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(length)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await file.read(buffer, filled, length - filled, from + filled)
      if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`)
      filled += bytesRead
    }
    return buffer
  } finally {
    await file.close()
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as Partial<Sdk.S3ServiceException>).$metadata?.httpStatusCode
}

async function s3Call<T>(what: string, place: Place, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    throw s3Error(what, place, cause)
  }
}

/** Maps an SDK error: what the service said for good, such as a wrong key, is store_refused. */
export function s3Error(what: string, place: Place, cause: unknown): WinnowError {
  if (cause instanceof WinnowError) return cause
  const { name = '' } = cause as { name?: string }
  const where = `s3://${place.bucket}/${place.prefix}`
  if (name === 'AbortError') return new WinnowError('cancelled', `Cancelled: ${what}.`, { cause })
  const status = statusOf(cause)
  const passing = status === undefined || status >= 500 || status === 429 || status === 408
  const isRefused = !passing || name === 'CredentialsProviderError'
  return new WinnowError(
    isRefused ? 'store_refused' : 'store_unavailable',
    `cannot ${what} in ${where}: ${errorMessage(cause) || name}`,
    { cause, details: { store: where, ...(status === undefined ? {} : { status }) } },
  )
}
