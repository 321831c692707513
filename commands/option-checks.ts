// Checks options and arguments before a command starts its work: files exist, paths can be written,
// names are known, ranges are in order. The readers of files check their content.
import { access, constants, readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, resolve } from 'node:path'
import { fileProblem, writeProblem } from '../configs/file-problem.ts'
import { listenError } from '../configs/listen-problem.ts'
import { parseRangeEnd, requireOrder } from '../infra/kafka/range-ends.ts'
import { parseModelRef } from '../models/store/model-ref.ts'
import { versionNumbers } from '../models/store/version-files.ts'
import { openVersion } from '../models/store/version-store.ts'
import { WinnowError } from '../schemas/errors.ts'
import { parseDatasetSource, type SourceAddress } from '../trainers/files/dataset-source.ts'
import type { CommandContext } from './command-context.ts'
import { checkFiles } from './file-options.ts'

/**
 * Checks that a file can be read. Throws dataset_invalid; the message starts with option and path.
 */
export async function checkReadable(path: string, option: string): Promise<void> {
  const wrong = (why: string, cause?: unknown): WinnowError =>
    new WinnowError('dataset_invalid', `${option} ${path}: ${why}`, { cause, details: { path } })
  const found = await stat(path).catch((cause: unknown) => {
    throw wrong(fileProblem(cause), cause)
  })
  if (found.isDirectory()) throw wrong(fileProblem({ code: 'EISDIR' }))
  // Opening a pipe would take its content from the real reader.
  await access(path, constants.R_OK).catch((cause: unknown) => {
    throw wrong(fileProblem(cause), cause)
  })
}

/** Checks that a folder exists. Throws usage; the message starts with the option. */
export async function checkFolder(path: string, option: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() === true) return
  const why = found === undefined ? 'there is no such folder' : 'this is a file; a folder is needed'
  throw new WinnowError('usage', `${option} ${path}: ${why}`, { details: { path } })
}

/**
 * Checks that a folder is new, or empty and writable. Throws usage; the message starts with the
 * path.
 */
export async function checkNewFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) {
    const parent = dirname(resolve(path))
    await checkFolder(parent, path)
    await access(parent, constants.W_OK).catch((cause: unknown) => {
      throw new WinnowError('usage', `${path}: ${writeProblem(cause)}`, { cause })
    })
    return
  }
  await checkFolder(path, path)
  if ((await readdir(path)).length > 0) {
    throw new WinnowError('usage', `${path} is not empty; name a new folder.`)
  }
}

/** Checks that a file can be written. Throws usage; the message starts with option and path. */
export async function checkWritable(path: string, option: string): Promise<void> {
  const wrong = (why: string, cause?: unknown): WinnowError =>
    new WinnowError('usage', `${option} ${path}: ${why}`, { cause, details: { path } })
  if (path === '') throw new WinnowError('usage', `${option} is empty; name a file.`)
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() === true) throw wrong(writeProblem({ code: 'EISDIR' }))
  const folder = dirname(resolve(path))
  if (found === undefined) {
    const parent = await stat(folder).catch(() => undefined)
    if (parent === undefined) throw wrong(`there is no folder ${folder}; make it first`)
    if (!parent.isDirectory()) throw wrong(`${folder} is a file, not a folder`)
  }
  const place = found === undefined ? folder : path
  await access(place, constants.W_OK).catch((cause: unknown) => {
    throw wrong(writeProblem(cause), cause)
  })
}

/** Checks that the model store can be written or created. Throws config_invalid. */
export async function checkStore(storeDir: string): Promise<void> {
  let folder = storeDir
  let found = await stat(folder).catch(() => undefined)
  while (found === undefined && dirname(folder) !== folder) {
    folder = dirname(folder)
    found = await stat(folder).catch(() => undefined)
  }
  const wrong = (why: string, cause?: unknown): WinnowError =>
    new WinnowError(
      'config_invalid',
      `The model store ${storeDir} cannot be written: ${why}. ` +
        'Set WINNOW_MODEL_STORE to a folder that this user may write.',
      { cause, details: { storeDir } },
    )
  if (found?.isDirectory() !== true) throw wrong(`${folder} is not a folder`)
  await access(folder, constants.W_OK).catch((cause: unknown) => {
    throw wrong(writeProblem(cause), cause)
  })
}

/** Checks a SRC: its syntax, that files can be read, the range of a topic. */
export async function checkSource(
  address: SourceAddress | undefined,
  option: string,
): Promise<void> {
  if (address === undefined) return
  const source = parseDatasetSource(address)
  if (source.kind === 'file') await checkFiles(source.paths, option)
  // The part after # says how far the labels topic is read.
  if (source.kind === 'topic') checkRange(source.from, source.to?.split('#')[0])
}

/** Checks the ends of a topic range. Throws usage for an invalid end, or a start after the end. */
export function checkRange(from: string | undefined, to: string | undefined): void {
  requireOrder(parseRangeEnd(from, 'start'), parseRangeEnd(to, 'end'))
}

/** Checks that `since` is before `until`, both epoch milliseconds. Throws usage. */
export function checkTimes({ since, until }: { since?: number; until?: number }): void {
  if (since === undefined || until === undefined || since < until) return
  const [first, second] = [since, until].map((ms) => new Date(ms).toISOString())
  throw new WinnowError('usage', `--since ${first} must be before --until ${second}.`)
}

/**
 * Checks a reference to a model. With store.kind local it must exist here; versions in another
 * store are found when they are fetched. Throws model_not_found.
 */
export async function checkModel(
  ref: string,
  { config, paths }: Pick<CommandContext, 'config' | 'paths'>,
): Promise<void> {
  const parsed = parseModelRef(ref)
  if (config.store.kind !== 'local') return
  const versions = await versionNumbers(paths.store, parsed.name)
  const isThere =
    parsed.kind === 'version'
      ? versions.includes(parsed.version)
      : parsed.kind === 'default' && versions.length > 0
  // The error lists the existing models.
  if (!isThere) await openVersion({ ref, storeDir: paths.store })
}

/** Checks that an address can be listened on. Throws port_taken, config_invalid. */
export function checkAddress(
  section: 'gateway' | 'telemetry',
  { host, port }: { host: string; port: number },
): Promise<void> {
  return new Promise((done, reject) => {
    const server = createServer()
    server.once('error', (cause) => reject(listenError(section, { host, port }, cause)))
    server.listen({ host, port }, () => server.close(() => done()))
  })
}
