// Downloads the files of a base encoder from the hub, Maven or a folder, tried in order.
// models/bases/base-store.ts owns the layout of the store.
import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import { withoutUrlSecrets } from '../../schemas/url-secrets.ts'
import type { BaseCatalogEntry, HubSource, MavenSource, PinnedFile } from './base-catalog.ts'
import { fileSize } from './base-receipt.ts'
import type { DownloadLimits } from './file-download.ts'
import { sha256OfFile } from '../runtime/file-hash.ts'
import { unpackMavenArtifact } from './maven-artifact.ts'
import type { ProxySettings } from './proxied-fetch.ts'

/** The progress of a download; `file` is `model.onnx` or `tokenizer.json`. */
export type BaseProgress = {
  readonly source: string
  readonly file: string
  readonly receivedBytes: number
  readonly totalBytes: number
}

/** How to reach the sources. */
export type SourceOptions = {
  /** The URL of the hub or a mirror, from HF_ENDPOINT. */
  readonly endpoint?: string | undefined
  /** The folder to take the files from, without using the network. */
  readonly from?: string | undefined
  readonly proxy?: ProxySettings | undefined
  readonly onProgress?: ((progress: BaseProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
  readonly limits?: Partial<DownloadLimits> | undefined
  /** The Maven program; `mvn` if absent. */
  readonly mavenCommand?: string | undefined
}

/** Names of the files of a base encoder in the store. */
export const modelFile = 'model.onnx'
export const safetensorsFile = 'model.safetensors'
export const tokenizerFile = 'tokenizer.json'

const hubDefault = 'https://huggingface.co'

/**
 * Puts both files into `dir` from the first source that delivers them with their pinned hashes.
 * Throws WinnowError 'download_failed' (`details.sources` says for each why not) or 'cancelled'.
 */
export async function fetchFromFirst(
  entry: BaseCatalogEntry,
  dir: string,
  options: SourceOptions,
): Promise<void> {
  await mkdir(dir, { recursive: true })
  const failures: { source: string; code: string; reason: string }[] = []
  for (const { source, deliver } of deliveriesOf(entry, options)) {
    const scratch = await mkdtemp(join(dir, '.fetch-'))
    try {
      await deliver({ dir, scratch })
      await sweep(dir)
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
      `Without a network, copy ${weightsFile(entry)} and ${tokenizerFile} to a folder and run: ` +
      `winnow base pull ${entry.name} --from FOLDER`,
    { details: { name: entry.name, sources: failures } },
  )
}

// Deletes what broken downloads and crashed runs left. The caller holds the store's lock.
async function sweep(dir: string): Promise<void> {
  const leftover = /^\.fetch-|\.new$|\.part$/
  for (const file of await readdir(dir)) {
    if (leftover.test(file)) await rm(join(dir, file), { recursive: true, force: true })
  }
}

type Delivery = {
  readonly source: string
  readonly deliver: (target: { dir: string; scratch: string }) => Promise<void>
}

function deliveriesOf(entry: BaseCatalogEntry, options: SourceOptions): Delivery[] {
  const { from } = options
  if (from !== undefined) {
    return [folderDelivery(entry, resolve(from))]
  }
  return entry.sources.map((pinned) => {
    switch (pinned.kind) {
      case 'hub':
        return hubDelivery(pinned, options)
      case 'maven':
        return mavenDelivery(pinned, options)
      case 'folder':
        return folderDelivery(entry, pinned.path)
    }
  })
}

// A model and its tokenizer always come from one source, because exports may differ.
function hubDelivery(hub: HubSource, options: SourceOptions): Delivery {
  const endpoint = (options.endpoint ?? hubDefault).replace(/\/+$/, '')
  const source = `hub ${withoutUrlSecrets(endpoint)}`
  const { proxy, limits, signal } = options
  return {
    source,
    deliver: async ({ dir }) => {
      // The HTTP client takes 0.1 s to load, and most commands download nothing.
      const { downloadFile } = await import('./file-download.ts')
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

function mavenDelivery(maven: MavenSource, options: SourceOptions): Delivery {
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

function folderDelivery(entry: BaseCatalogEntry, from: string): Delivery {
  return { source: `directory ${from}`, deliver: ({ dir }) => copyFrom({ entry, from, dir }) }
}

async function copyFrom(target: {
  entry: BaseCatalogEntry
  from: string
  dir: string
}): Promise<void> {
  const { entry, from, dir } = target
  const name = weightsFile(entry)
  const model = join(from, await weightsPath(from, name))
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
    [model, name],
    [tokenizer, tokenizerFile],
  ] as const
  for (const [path, file] of copies) await copyFile(path, join(dir, `${file}.new`))
  for (const [, file] of copies) await rename(join(dir, `${file}.new`), join(dir, file))
}

/** The path of the weights in a folder with the layout of the store or of a hub checkout. */
export async function weightsPath(folder: string, name: string): Promise<string> {
  const nested = `onnx/${name}`
  return (await fileSize(join(folder, nested))).bytes > 0 ? nested : name
}

/** The file of an entry's weights in the store. */
export function weightsFile({ sources }: Pick<BaseCatalogEntry, 'sources'>): string {
  const isSafetensors = sources.some(({ model }) => model.path.endsWith(safetensorsFile))
  return isSafetensors ? safetensorsFile : modelFile
}

async function requirePinned(path: string, pins: readonly PinnedFile[]): Promise<void> {
  if ((await fileSize(path)).bytes === 0) {
    throw new WinnowError('download_failed', `${path} is missing or empty`)
  }
  const actual = await sha256OfFile(path)
  if (pins.some((pin) => pin.sha256 === actual)) return
  const expected = pins.map((pin) => pin.sha256)
  throw new WinnowError(
    'hash_mismatch',
    `${path} has the SHA-256 ${actual} instead of ${expected.join(' or ')}`,
    { details: { path, actual, expected } },
  )
}

function filesOf(source: HubSource | MavenSource): [string, PinnedFile][] {
  // The small file goes first, so that a failing source is found before 90 MB are downloaded.
  return [
    [tokenizerFile, source.tokenizer],
    [modelFile, source.model],
  ]
}
