// A data set as one file that workers read: gzipped JSON lines under a name made of their hash, in
// the artifact store, and in the model store for workers that share it.
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { z } from 'zod'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { issueSentence } from '../../schemas/issue-text.ts'
import type { ObjectStore } from '../../schemas/object-store.ts'
import type { TaskWork } from '../../schemas/tasks/task-records.ts'
import { examplesMax, type DataManifest, type Dataset } from '../data/dataset.ts'
import type { Example } from '../files/source-row.ts'

/** Which data: the hash and the length of the lines. */
export type PackedData = TaskWork['data']

/** Where packed data lies. */
export type PackedStore = {
  /** The model store of this machine. */
  readonly storeDir: string
  /** The artifact store, if there is one. */
  readonly objects: ObjectStore | undefined
}

/** Examples that are written or parsed before others get their turn. */
const linesAtOnce = 500

/**
 * Writes a data set where workers find it. The same data set is written once.
 *
 * @throws WinnowError `store_unavailable`, `store_refused`, `cancelled`.
 */
export async function packDataset(
  dataset: Dataset,
  { storeDir, objects }: PackedStore,
  signal?: AbortSignal,
): Promise<PackedData> {
  const pending = join(storeDir, folder, `.pending-${randomUUID()}`)
  await mkdir(join(storeDir, folder), { recursive: true })
  const hash = createHash('sha256')
  let bytes = 0
  async function* hashed(): AsyncGenerator<Buffer> {
    for (const part of packedLines(dataset)) {
      const buffer = Buffer.from(part)
      hash.update(buffer)
      bytes += buffer.length
      yield buffer
      // Others get their turn.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  try {
    await pipeline(Readable.from(hashed()), createGzip({ level: 1 }), createWriteStream(pending))
    const sha256 = hash.digest('hex')
    const path = join(storeDir, keyOf(sha256))
    await rename(pending, path)
    if (objects !== undefined && (await objects.list(keyOf(sha256))).length === 0) {
      await objects.write(keyOf(sha256), { path }, { signal })
    }
    return { sha256, bytes }
  } finally {
    await rm(pending, { force: true })
  }
}

/**
 * Reads a packed data set, from the model store or else the artifact store.
 *
 * @throws WinnowError `dataset_invalid` where it is in neither, `hash_mismatch` where it is
 * damaged, `store_unavailable`, `cancelled`.
 */
export async function readPackedDataset(
  data: PackedData,
  { storeDir, objects }: PackedStore,
  signal?: AbortSignal,
): Promise<Dataset> {
  const key = keyOf(data.sha256)
  const path = join(storeDir, key)
  const isLocal = await access(path).then(
    () => true,
    () => false,
  )
  const stream = isLocal ? createReadStream(path) : await objects?.stream(key, { signal })
  if (stream === undefined) {
    const message =
      `The training texts ${data.sha256} are neither in ${storeDir} nor in the artifact store. ` +
      'Give coordinator and workers one artifact store (store.kind folder or s3), or one model store.'
    throw new WinnowError('dataset_invalid', message, { details: data })
  }
  const examples: Example[] = []
  let manifest: DataManifest | undefined
  try {
    for await (const line of checkedLines(stream, data)) {
      if (signal?.aborted === true) throw new WinnowError('cancelled', 'Reading was cancelled.')
      if (manifest === undefined) manifest = checked(manifestLine, line)
      else examples.push(checked(exampleLine, line))
      if (examples.length > examplesMax) throw damaged(data, 'it has too many examples')
    }
  } catch (cause) {
    if (cause instanceof WinnowError) throw cause
    throw damaged(data, errorMessage(cause), cause)
  }
  if (manifest === undefined) throw damaged(data, 'it is empty')
  return { examples, manifest }
}

const folder = 'work'

function keyOf(sha256: string): string {
  return `${folder}/${sha256}.jsonl.gz`
}

/** The manifest, then each example, as JSON lines in parts. */
function* packedLines({ manifest, examples }: Dataset): Generator<string> {
  yield `${JSON.stringify(manifest)}\n`
  for (let at = 0; at < examples.length; at += linesAtOnce) {
    const lines = examples.slice(at, at + linesAtOnce).map((one) => JSON.stringify(one))
    yield `${lines.join('\n')}\n`
  }
}

/** The lines, of which there are no more than the length allows; the hash is checked at the end. */
async function* checkedLines(
  stream: AsyncIterable<Uint8Array>,
  data: PackedData,
): AsyncGenerator<string> {
  const hash = createHash('sha256')
  let bytes = 0
  let rest: Buffer = Buffer.alloc(0)
  const lines = Readable.from(stream).on('error', (error) => plain.destroy(error))
  const plain = lines.pipe(createGunzip())
  try {
    for await (const part of plain as AsyncIterable<Buffer>) {
      hash.update(part)
      bytes += part.length
      if (bytes > data.bytes) throw damaged(data, 'it is longer than it should be')
      rest = rest.length === 0 ? part : Buffer.concat([rest, part])
      for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
        yield rest.toString('utf8', 0, end)
        rest = rest.subarray(end + 1)
      }
    }
  } finally {
    lines.destroy()
    plain.destroy()
  }
  if (bytes !== data.bytes || hash.digest('hex') !== data.sha256) {
    throw damaged(data, 'its hash is another one')
  }
}

const newline = 0x0a

const exampleLine = z.strictObject({
  id: z.string().optional(),
  text: z.string(),
  label: z.string(),
  labels: z.array(z.string()).optional(),
  attributes: z.record(z.string(), z.string()).optional(),
  time: z.number().optional(),
  group: z.number().optional(),
})

/** What training reads of a manifest; the rest is kept as it is. */
const manifestLine = z.looseObject({
  source: z.string(),
  examples: z.int(),
  task: z.literal('multi-label').optional(),
  labels: z.record(z.string(), z.number()),
  sha256: z.string(),
})

/** The value of a line; throws what is wrong with it. */
function checked<Schema extends z.ZodType>(schema: Schema, line: string): z.output<Schema> {
  const json: unknown = JSON.parse(line)
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  throw new TypeError(issueSentence(parsed.error.issues[0]!, json, 'a line'))
}

function damaged(data: PackedData, why: string, cause?: unknown): WinnowError {
  const message = `The training texts ${data.sha256} are damaged: ${why}. Start the run again.`
  return new WinnowError('hash_mismatch', message, { cause, details: data })
}
