// An object store on an S3-compatible service: one client with its limits, multipart uploads, error
// mapping. The SDK is loaded only when a store is opened. Keys and the verification of downloads
// are models/store/.
import { open, stat } from 'node:fs/promises'
import type * as Sdk from '@aws-sdk/client-s3'
import type { Config } from '../../configs/schema.ts'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import type { ObjectContent, ObjectStore, StoredObject } from '../../schemas/object-store.ts'

type Location = { readonly bucket: string; readonly prefix: string }
type Store = Location & {
  readonly sdk: typeof Sdk
  readonly client: Sdk.S3Client
  readonly config: Config['store']
}

/**
 * Opens the configured bucket; sends no request yet. Without `accessKeyId` the SDK finds
 * credentials itself (environment, profile, role of the machine). Throws `config_invalid` without a
 * bucket.
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
  const store: Store = { sdk, client, config, bucket, prefix }
  return {
    url: `s3://${bucket}/${prefix}`,
    write: (key, content, { signal } = {}) =>
      s3Call(`write ${key}`, store, () => write(store, { key, content, signal })),
    create: (key, bytes) => s3Call(`create ${key}`, store, () => create(store, key, bytes)),
    stream: (key, { fromByte = 0, signal } = {}) =>
      s3Call(`read ${key}`, store, () => read(store, { key, fromByte, signal })),
    list: (below) => s3Call(`list ${below}`, store, () => list(store, below)),
    close: () => client.destroy(),
  }
}

function createClient(sdk: typeof Sdk, config: Config['store']): Sdk.S3Client {
  const { endpoint, accessKeyId, secretAccessKey = '', sessionToken } = config
  return new sdk.S3Client({
    region: config.region,
    forcePathStyle: config.pathStyle,
    maxAttempts: config.triesMax,
    // Older servers do not know the newer checksums; downloads are verified by SHA-256 anyway.
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

async function write(store: Store, upload: Upload): Promise<void> {
  const { sdk, client, bucket, prefix, config } = store
  const { key, content, signal } = upload
  const size = 'bytes' in content ? content.bytes.byteLength : (await stat(content.path)).size
  if (size > config.partBytes && 'path' in content) {
    await writeParts(store, { key, path: content.path, size, signal })
    return
  }
  const Body = 'bytes' in content ? content.bytes : await readRange(content.path, 0, size)
  const put = new sdk.PutObjectCommand({ Bucket: bucket, Key: prefix + key, Body })
  await client.send(put, signal === undefined ? {} : { abortSignal: signal })
}

/**
 * Uploads a large file in parts, several in parallel; the object appears when the last call
 * succeeds.
 */
async function writeParts(
  { sdk, client, bucket, prefix, config }: Store,
  file: { key: string; path: string; size: number; signal: AbortSignal | undefined },
): Promise<void> {
  const target = { Bucket: bucket, Key: prefix + file.key }
  const options = file.signal === undefined ? {} : { abortSignal: file.signal }
  // A service takes at most 10,000 parts; parts of 8 MiB reach 80 GB.
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
    // All workers end before the upload is aborted, because a part that arrives later would stay
    // forever.
    const workers = Array.from({ length: config.partsMax }, uploadNext)
    const settled = await Promise.allSettled(workers)
    const failed = settled.find((worker) => worker.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const MultipartUpload = { Parts: parts }
    const complete = { ...target, UploadId, MultipartUpload }
    await client.send(new sdk.CompleteMultipartUploadCommand(complete), options)
  } catch (error) {
    // The first failure is thrown. Parts that cannot be deleted now are left to the bucket's
    // lifecycle rule.
    const abort = new sdk.AbortMultipartUploadCommand({ ...target, UploadId })
    await client.send(abort).catch(() => undefined)
    throw error
  }
}

async function create(
  { sdk, client, bucket, prefix }: Store,
  key: string,
  bytes: Uint8Array,
): Promise<'created' | 'exists'> {
  const put = { Bucket: bucket, Key: prefix + key, Body: bytes, IfNoneMatch: '*' }
  try {
    await client.send(new sdk.PutObjectCommand(put))
    return 'created'
  } catch (error) {
    // 409: another writer is creating the object at this moment.
    if ([409, 412].includes(statusOf(error) ?? 0)) return 'exists'
    throw error
  }
}

async function read(
  store: Store,
  asked: { key: string; fromByte: number; signal: AbortSignal | undefined },
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const { sdk, client, bucket, prefix } = store
  const { key, fromByte, signal } = asked
  const get = new sdk.GetObjectCommand({
    Bucket: bucket,
    Key: prefix + key,
    ...(fromByte > 0 ? { Range: `bytes=${fromByte}-` } : {}),
  })
  try {
    const answer = await client.send(get, signal === undefined ? {} : { abortSignal: signal })
    return mapErrors(`read ${key}`, store, answer.Body as unknown as AsyncIterable<Uint8Array>)
  } catch (error) {
    if ((error as Partial<Sdk.S3ServiceException>).name === 'NoSuchKey') return undefined
    // The range starts at or after the end of the object, so there is nothing left to read.
    if (statusOf(error) === 416) return mapErrors(`read ${key}`, store, noBytes())
    throw error
  }
}

/** Maps failures in the middle of a body as well. */
async function* mapErrors(
  what: string,
  location: Location,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (cause) {
    throw s3Error(what, location, cause)
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

async function list(
  { sdk, client, bucket, prefix }: Store,
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

async function s3Call<T>(what: string, location: Location, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    throw s3Error(what, location, cause)
  }
}

/** Maps an SDK error: store_refused for what the service refuses for good, such as a wrong key. */
export function s3Error(what: string, location: Location, cause: unknown): WinnowError {
  if (cause instanceof WinnowError) return cause
  const { name = '' } = cause as { name?: string }
  const where = `s3://${location.bucket}/${location.prefix}`
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
