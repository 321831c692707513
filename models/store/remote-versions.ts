// The layout of an artifact store: `versions/NAME/NUMBER/FILE`, with files.json as the list of
// files. manifest.json is written last, so that it marks a complete version. A copy of each model's
// state is for readers without Kafka. version-upload.ts and version-download.ts transfer versions.
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import type { ModelAnnouncement } from '../../schemas/model-announcement.ts'
import type { ObjectStore } from '../../schemas/object-store.ts'
import { modelNamePattern, parseManifest, type Manifest } from './manifest.ts'

/** The name and number of a version. */
export type VersionPlace = { readonly name: string; readonly version: string }

/** The content of files.json, the list of a version's files. */
export const filesSchema = z.strictObject({
  formatVersion: z.literal(1),
  files: z.array(
    z.strictObject({
      name: z.string().regex(modelNamePattern),
      bytes: z.int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
})

/** One file of a version. */
export type VersionFile = z.output<typeof filesSchema>['files'][number]

/** The largest object that is read as a whole; a larger one was not written by Winnow. */
const smallBytesMax = 16 * 2 ** 20

/** The key of a version's file. */
export function versionKey({ name, version }: VersionPlace, file: string): string {
  return `versions/${name}/${version}/${file}`
}

/** The address of a version's folder. */
export function versionUrl(objects: ObjectStore, { name, version }: VersionPlace): string {
  return `${objects.url}versions/${name}/${version}/`
}

/** The complete versions of a model, oldest first. */
export async function remoteVersions(objects: ObjectStore, name: string): Promise<VersionPlace[]> {
  const places = await placesWith(objects, 'manifest.json', name)
  return places.sort((a, b) => Number(a.version) - Number(b.version))
}

/** The highest number that was claimed for a model, complete or not; 0 if there is none. */
export async function highestClaim(objects: ObjectStore, name: string): Promise<number> {
  const claims = await placesWith(objects, 'claim.json', name)
  return claims.reduce((highest, { version }) => Math.max(highest, Number(version)), 0)
}

async function placesWith(
  objects: ObjectStore,
  file: string,
  name: string,
): Promise<VersionPlace[]> {
  const found = await objects.list(`versions/${name}/`)
  return found.flatMap(({ key }) => {
    const [, of = '', version = '', last, ...rest] = key.split('/')
    const isPlace = modelNamePattern.test(of) && /^[1-9][0-9]{0,9}$/.test(version)
    return isPlace && last === file && rest.length === 0 ? [{ name: of, version }] : []
  })
}

/** The manifest of a complete version; undefined if there is none. Throws 'model_corrupt'. */
export async function remoteManifest(
  objects: ObjectStore,
  place: VersionPlace,
): Promise<{ manifest: Manifest; bytes: Buffer } | undefined> {
  const key = versionKey(place, 'manifest.json')
  const bytes = await readSmall(objects, key)
  if (bytes === undefined) return undefined
  return { manifest: parseManifest(bytes.toString(), objects.url + key), bytes }
}

/** The list of a version's files. Throws 'model_corrupt'. */
export async function remoteFiles(
  objects: ObjectStore,
  place: VersionPlace,
): Promise<VersionFile[]> {
  const key = versionKey(place, 'files.json')
  const bytes = await readSmall(objects, key)
  const parsed = filesSchema.safeParse(parseJson(bytes))
  if (parsed.success) return parsed.data.files
  throw new WinnowError('model_corrupt', `${objects.url}${key} is not a list of files.`, {
    details: { key },
  })
}

/** The copy of a model's state; undefined if there is none. Throws 'model_corrupt'. */
export async function readStateCopy(
  objects: ObjectStore,
  name: string,
): Promise<StateCopy | undefined> {
  const key = stateKey(name)
  const bytes = await readSmall(objects, key)
  if (bytes === undefined) return undefined
  const parsed = stateSchema.safeParse(parseJson(bytes))
  if (parsed.success) return parsed.data
  throw new WinnowError('model_corrupt', `${objects.url}${key} is not the state of a model.`)
}

/**
 * Writes the copy unless there is a later one. The topic is the source of truth, so after a lost
 * race the copy is only out of date.
 */
export async function writeStateCopy(
  objects: ObjectStore,
  state: ModelAnnouncement,
): Promise<void> {
  const present = await readStateCopy(objects, state.name)
  if (present !== undefined && present.atMs > state.atMs) return
  const { name, champion, previous, atMs } = state
  const text = JSON.stringify({ formatVersion: 1, name, champion, previous, atMs }, undefined, 2)
  await objects.write(stateKey(name), { bytes: Buffer.from(`${text}\n`) })
}

const stateSchema = z.object({
  formatVersion: z.literal(1),
  name: z.string(),
  champion: z.string().nullable(),
  previous: z.array(z.string()),
  atMs: z.number(),
})
type StateCopy = z.output<typeof stateSchema>

function stateKey(name: string): string {
  return `versions/${name}/champion.json`
}

/** Reads a whole small object; undefined if it does not exist. */
export async function readSmall(objects: ObjectStore, key: string): Promise<Buffer | undefined> {
  const stream = await objects.stream(key)
  if (stream === undefined) return undefined
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.byteLength
    if (bytes > smallBytesMax) {
      throw new WinnowError(
        'model_corrupt',
        `${objects.url}${key} is too large to be what Winnow writes; check what else ` +
          'writes to the artifact store.',
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parseJson(bytes: Buffer | undefined): unknown {
  if (bytes === undefined) return undefined
  try {
    return JSON.parse(bytes.toString()) as unknown
  } catch {
    return undefined // The schema then reports the error.
  }
}
