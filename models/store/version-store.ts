// The model registry on disk: writes versions atomically, resolves references and lists versions.
// models/store/version-files.ts owns the layout and the checks.
import { copyFile, mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import { championOf } from './champion.ts'
import { sha256OfFile } from '../runtime/file-hash.ts'
import { modelNamePattern, parseManifest, type Manifest, type ManifestDraft } from './manifest.ts'
import { namesHint, parseModelRef } from './model-ref.ts'
import { linkWeights } from './shared-weights.ts'
import {
  highestNumber,
  modelDir,
  modelNames,
  readManifest,
  readVersion,
  type HashFile,
  versionNumbers,
  weightsFileName,
  type ModelVersion,
} from './version-files.ts'

/** Bytes in memory, a file to copy, or a large file to move because it is not needed elsewhere. */
export type FileContent =
  { readonly bytes: Uint8Array } | { readonly path: string; readonly take?: 'copy' | 'move' }

export type VersionDraft = {
  readonly storeDir: string
  readonly name: string
  readonly manifest: ManifestDraft
  readonly model: FileContent
  /** The separate weights file of the graph; versions with the same weights share it. */
  readonly weights?: Extract<FileContent, { path: string }> | undefined
  readonly tokenizer: FileContent
  /** Additional files by name, such as `report.html`, but none of the store's own names. */
  readonly extras?: Readonly<Record<string, FileContent>> | undefined
  /**
   * Additional texts that contain the version's number; called again if the number was taken. The
   * version's files can be opened, but are still in a temporary folder.
   */
  readonly textsOf?:
    ((pending: ModelVersion) => Promise<Readonly<Record<string, string>>>) | undefined
}

/** One version in a listing; `damaged` if its manifest cannot be read. Files are not hashed. */
export type VersionListing = {
  readonly name: string
  readonly version: string
  readonly dir: string
  readonly champion: boolean
} & (
  | { readonly state: 'readable'; readonly manifest: Manifest }
  | { readonly state: 'damaged'; readonly reason: string }
)

const ownFiles = ['manifest.json', 'model.onnx', weightsFileName, 'tokenizer.json']
const claimTriesMax = 1_000

/**
 * Writes a new version under the next free number. It appears by one rename after all of it is on
 * disk. Concurrent writers get different numbers, and no version is ever overwritten. Throws
 * WinnowError 'usage' for an invalid name, and 'model_corrupt' for an invalid manifest.
 *
 * @example
 * const files = { model: { bytes }, tokenizer: { path } }
 * const { ref } = await writeVersion({ storeDir, name: 'spam', manifest, ...files })
 */
export async function writeVersion(draft: VersionDraft): Promise<ModelVersion> {
  const { storeDir, name } = draft
  requireModelName(name)
  const dir = modelDir(storeDir, name)
  const pending = join(dir, `.pending-${randomUUID()}`)
  await mkdir(pending, { recursive: true })
  try {
    const { hashes } = await writeFiles(draft, pending)
    const version = await claimVersion({ draft, dir, pending, hashes })
    return await readVersion(join(dir, version))
  } finally {
    await rm(pending, { recursive: true, force: true })
  }
}

/**
 * Opens the version that `ref` means and checks its hashes. NAME means the champion if there is
 * one, else the newest version; NAME@VERSION and NAME@champion are explicit. Throws WinnowError
 * 'model_not_found', which lists what exists, or 'model_corrupt', which names the file.
 */
export async function openVersion(options: {
  ref: string
  storeDir: string
  hashFile?: HashFile | undefined
}): Promise<ModelVersion> {
  const { storeDir } = options
  const ref = parseModelRef(options.ref)
  const { name } = ref
  const versions = await versionNumbers(storeDir, name)
  if (versions.length === 0) throw await unknownModel(name, storeDir)
  const champion = await championOf({ storeDir, name })
  if (ref.kind === 'champion' && champion === undefined) {
    throw new WinnowError(
      'model_not_found',
      `${name} has no champion yet. Versions: ${versions.join(', ')}. ` +
        `Set one with: winnow models promote ${name}@${versions.at(-1)!}`,
      { details: { name, versions } },
    )
  }
  const version = ref.kind === 'version' ? ref.version : (champion ?? versions.at(-1)!)
  if (!versions.includes(version)) {
    throw missingVersion(name, version, versions)
  }
  return readVersion(join(modelDir(storeDir, name), version), options.hashFile)
}

/** The versions of all models, or of one, by name and then oldest first. */
export async function listVersions(options: {
  storeDir: string
  name?: string | undefined
}): Promise<VersionListing[]> {
  const { storeDir } = options
  const listings: VersionListing[] = []
  for (const name of options.name === undefined ? await modelNames(storeDir) : [options.name]) {
    const champion = await championOf({ storeDir, name })
    for (const version of await versionNumbers(storeDir, name)) {
      const dir = join(modelDir(storeDir, name), version)
      const place = { name, version, dir, champion: version === champion }
      try {
        listings.push({ ...place, state: 'readable', manifest: await readManifest(dir) })
      } catch (error) {
        // One damaged version must not hide the others, so it is listed as damaged.
        listings.push({ ...place, state: 'damaged', reason: errorMessage(error) })
      }
    }
  }
  return listings
}

/** Throws WinnowError 'usage' if a new model cannot have the name. */
export function requireModelName(name: string): void {
  if (modelNamePattern.test(name)) return
  throw new WinnowError(
    'usage',
    `'${name}' cannot name a model: use letters, digits, '.', '_' and '-', at most 64, the first a letter or digit.`,
  )
}

type Hashes = Pick<Manifest, 'graphSha256' | 'tokenizerSha256' | 'weightsSha256'>

async function writeFiles(draft: VersionDraft, pending: string): Promise<{ hashes: Hashes }> {
  const modelPath = join(pending, 'model.onnx')
  const tokenizerPath = join(pending, 'tokenizer.json')
  await writeContent(modelPath, draft.model)
  await writeContent(tokenizerPath, draft.tokenizer)
  for (const [file, content] of Object.entries(draft.extras ?? {})) {
    await writeContent(furtherFile(pending, file), content)
  }
  const graphSha256 = await sha256OfFile(modelPath)
  const tokenizerSha256 = await sha256OfFile(tokenizerPath)
  if (draft.weights === undefined) return { hashes: { graphSha256, tokenizerSha256 } }
  const weightsSha256 = await sha256OfFile(draft.weights.path)
  const weightsPath = join(pending, weightsFileName)
  const wanted = { storeDir: draft.storeDir, sha256: weightsSha256 }
  if (!(await linkWeights(weightsPath, wanted))) await writeContent(weightsPath, draft.weights)
  return { hashes: { graphSha256, tokenizerSha256, weightsSha256 } }
}

function furtherFile(pending: string, file: string): string {
  if (ownFiles.includes(file) || !modelNamePattern.test(file)) {
    throw new WinnowError('usage', `'${file}' cannot be a further file of a model version.`)
  }
  return join(pending, file)
}

async function claimVersion(claim: {
  draft: VersionDraft
  dir: string
  pending: string
  hashes: Hashes
}): Promise<string> {
  const { draft, dir, pending, hashes } = claim
  const created = new Date().toISOString()
  const first = (await highestNumber(draft.storeDir, draft.name)) + 1
  for (let number = first; number < first + claimTriesMax; number++) {
    const version = String(number)
    const manifest = {
      formatVersion: 1,
      name: draft.name,
      version,
      ...draft.manifest,
      ...hashes,
      created,
    }
    const text = `${JSON.stringify(manifest, null, 2)}\n`
    const path = join(pending, 'manifest.json')
    const checked = parseManifest(text, path)
    await writeContent(path, { bytes: Buffer.from(text) })
    const texts = await draft.textsOf?.({
      ref: `${draft.name}@${version}`,
      name: draft.name,
      version,
      dir: pending,
      modelPath: join(pending, 'model.onnx'),
      tokenizerPath: join(pending, 'tokenizer.json'),
      manifest: checked,
    })
    for (const [file, content] of Object.entries(texts ?? {})) {
      await writeContent(furtherFile(pending, file), { bytes: Buffer.from(content) })
    }
    try {
      // This fails if the folder exists, because a rename never replaces a non-empty folder.
      await rename(pending, join(dir, version))
      return version
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    }
  }
  throw new WinnowError('internal', `No free version after ${claimTriesMax} tries in ${dir}.`)
}

// Flushes to disk, so that the content is durable before the rename makes it visible.
async function writeContent(path: string, content: FileContent): Promise<void> {
  if ('bytes' in content) {
    await writeFile(path, content.bytes, { flush: true })
    return
  }
  if (content.take === 'move') await rename(content.path, path)
  else await copyFile(content.path, path)
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The error for an unknown version number; it lists the existing versions. */
export function missingVersion(
  name: string,
  version: string,
  versions: readonly string[],
): WinnowError {
  return new WinnowError(
    'model_not_found',
    `There is no ${name}@${version}. Versions: ${versions.join(', ')}.`,
    { details: { name, version, versions } },
  )
}

/** The error for an unknown model name; it lists the existing models. */
export async function unknownModel(name: string, storeDir: string): Promise<WinnowError> {
  const known = await modelNames(storeDir)
  const hint =
    known.length === 0
      ? 'The store holds no model yet: winnow train makes one.'
      : namesHint(name, known)
  return new WinnowError('model_not_found', `There is no model '${name}' in ${storeDir}. ${hint}`, {
    details: { name, known: known.slice(0, 100) },
  })
}
