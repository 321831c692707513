// Turns addresses into the files behind them: a path, a folder, a glob, standard input, or objects
// of an S3 bucket. file-rows.ts reads the files. Object stores are opened by the caller.
import { constants } from 'node:fs'
import { access, glob, readdir, stat } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { fileProblem } from '../../configs/file-problem.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { ObjectStore } from '../../schemas/object-store.ts'
import { fileSource, type FileInput } from './plain-bytes.ts'

/** How files that are not on this machine's disk are reached. */
export type FileAccess = {
  /** Opens a bucket. Default: S3 addresses are refused. */
  readonly openBucket?: ((bucket: string) => Promise<ObjectStore>) | undefined
  /** Standard input. Default: `-` is refused. */
  readonly stdin?: (() => AsyncIterable<Uint8Array>) | undefined
}

/** The most files of one source. */
export const filesMax = 10_000

/** The files that a folder is read for; others, such as README.md or _SUCCESS, are left out. */
const dataFile = /\.(?:jsonl|ndjson|json|csv|tsv|parquet|xlsx)(?:\.gz|\.zst)?$/i

const globMark = /[*?[{]/

/** The address of an object or of several: `s3://bucket/key`, `s3://bucket/folder/`, with globs. */
const s3Address = /^s3:\/\/([^/]+)\/(.*)$/

/** Whether an address names files on this machine, whose paths can be made absolute. */
export function isLocalFile(address: string): boolean {
  return address !== '-' && !address.startsWith('s3://')
}

/** Files to read in turn, and what is to be closed when all are read. */
export type FileSet = {
  readonly inputs: readonly FileInput[]
  readonly close: () => void
}

/**
 * The files of addresses, in the order of the addresses; those of one folder, glob or prefix are
 * sorted by name. Nothing is opened yet.
 *
 * @throws WinnowError `dataset_invalid` if an address has no files; `usage` for what cannot be
 * reached here; the errors of the object store.
 */
export async function openFileSet(
  addresses: readonly string[],
  access: FileAccess,
): Promise<FileSet> {
  const inputs: FileInput[] = []
  const stores: ObjectStore[] = []
  const close = (): void => {
    for (const store of stores) store.close()
  }
  try {
    for (const address of addresses) {
      if (address === '-') inputs.push(stdinOf(access))
      else if (isLocalFile(address)) {
        const paths = await localFiles(address)
        inputs.push(...paths.map((path) => ({ ...fileSource(path), path })))
      } else {
        const { bucket, key } = parseS3Address(address)
        const store = await openBucket(access, bucket)
        stores.push(store)
        inputs.push(...(await objectsOf(store, { bucket, key, address })))
      }
      requireFew(inputs.length, address)
    }
  } catch (error) {
    close()
    throw error
  }
  return { inputs, close }
}

function requireFew(files: number, address: string): void {
  if (files <= filesMax) return
  const message = `${address}: more than ${counted(filesMax, 'file')}; join them, or name fewer.`
  throw new WinnowError('dataset_invalid', message)
}

/**
 * The files on this machine behind an address, each readable. A path that exists is never taken for
 * a glob. Of a folder, the files of known formats directly in it.
 *
 * @throws WinnowError `dataset_invalid`, whose message begins with the address.
 */
export async function localFiles(address: string): Promise<readonly string[]> {
  const wrong = (why: string, cause?: unknown): WinnowError =>
    new WinnowError('dataset_invalid', `${address}: ${why}`, { cause, details: { path: address } })
  const found = await stat(address).catch((cause: unknown) => {
    if (globMark.test(address)) return undefined
    throw wrong(fileProblem(cause), cause)
  })
  const paths =
    found === undefined
      ? await matches(address)
      : found.isDirectory()
        ? await filesIn(address)
        : [address]
  if (paths.length === 0) throw wrong(await emptyProblem(address, found !== undefined))
  for (const path of paths) {
    // Opening a pipe would take its content from the real reader.
    await access(path, constants.R_OK).catch((cause: unknown) => {
      throw new WinnowError('dataset_invalid', `${path}: ${fileProblem(cause)}`, { cause })
    })
  }
  return paths
}

async function emptyProblem(address: string, isFolder: boolean): Promise<string> {
  if (!isFolder) return 'no file matches this pattern'
  const below = await matches(join(address, '**/*.{jsonl,json,csv,tsv,parquet,xlsx}'))
  const hint =
    below.length === 0 ? '' : `; name those further below with a pattern, '${address}/**/*.csv'`
  return `the folder has no file of texts (.jsonl, .json, .csv, .tsv, .parquet, .xlsx)${hint}`
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory() && isShown(entry.name) && dataFile.test(entry.name))
    .map(({ name }) => join(folder, name))
    .sort(byCodeUnit)
}

async function matches(pattern: string): Promise<string[]> {
  const found: string[] = []
  for await (const path of glob(pattern)) {
    if (!path.split('/').every(isShown)) continue
    const isFile = await stat(path).then(
      (one) => one.isFile(),
      () => false,
    )
    if (isFile) found.push(path)
    requireFew(found.length, pattern)
  }
  return found.sort(byCodeUnit)
}

function isShown(name: string): boolean {
  return !name.startsWith('.') || name === '.' || name === '..'
}

function stdinOf({ stdin }: FileAccess): FileInput {
  if (stdin === undefined) throw new WinnowError('usage', '-: standard input cannot be read here.')
  return { name: 'stdin', bytes: stdin() }
}

function parseS3Address(address: string): { bucket: string; key: string } {
  const [, bucket, key] = s3Address.exec(address) ?? []
  if (bucket !== undefined && key !== undefined) return { bucket, key }
  const message = `${address} is no address in S3; write it like s3://bucket/folder/tickets.csv.`
  throw new WinnowError('usage', message)
}

function openBucket({ openBucket: open }: FileAccess, bucket: string): Promise<ObjectStore> {
  if (open !== undefined) return open(bucket)
  throw new WinnowError('usage', `s3://${bucket}: cannot be read here; give a file.`)
}

async function objectsOf(
  store: ObjectStore,
  { bucket, key, address }: { bucket: string; key: string; address: string },
): Promise<FileInput[]> {
  const keys = await keysOf(store, key)
  if (keys.length === 0) {
    const why =
      key === '' || key.endsWith('/')
        ? 'there is no file of texts below this address'
        : 'no object matches this pattern'
    throw new WinnowError('dataset_invalid', `${address}: ${why}`)
  }
  return keys.map((one) => objectInput(store, { bucket, key: one }))
}

async function keysOf(store: ObjectStore, key: string): Promise<string[]> {
  const isFolder = key === '' || key.endsWith('/')
  if (!isFolder && !globMark.test(key)) return [key]
  const below = isFolder ? key : key.slice(0, key.search(globMark))
  const objects = await store.list(below)
  return objects
    .map((object) => object.key)
    .filter((one) => {
      if (!isFolder) return posix.matchesGlob(one, key)
      const name = one.slice(below.length)
      return !name.includes('/') && isShown(name) && dataFile.test(name)
    })
    .sort(byCodeUnit)
}

/** An object as bytes; it is asked for when reading starts. */
function objectInput(
  store: ObjectStore,
  { bucket, key }: { bucket: string; key: string },
): FileInput {
  const name = `s3://${bucket}/${key}`
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    const stream = await store.stream(key)
    if (stream === undefined) {
      throw new WinnowError('dataset_invalid', `${name}: there is no such object`)
    }
    yield* stream
  }
  return { name, bytes: bytes() }
}

/** Compares by UTF-16 code unit, which does not depend on the locale of the machine. */
function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
