// Removes texts from the model store: the lists, predictions and reports of runs, the reports of
// versions, packed training texts, and caches of what was computed from texts. Models stay as they
// are; trained-on.ts says which of them know a text.
import { createReadStream } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { isReadOnlyStore } from '../../models/store/read-only-store.ts'
import { writeWhole } from '../../models/runtime/whole-file.ts'
import { removeStateFiles } from '../encoder/state-files.ts'
import { forgetEmbeddings } from '../embeddings/forget-embeddings.ts'
import type { ForgottenTexts } from './forgotten-texts.ts'
import { holdsForgotten, prunedJson } from './pruned-json.ts'
import { renewedReport } from './renewed-report.ts'

/** A file that held a text, or what was computed from one. */
export type ForgottenFile = {
  readonly path: string
  /** `kept`: nothing could be done, for the reason given. */
  readonly action: 'rewritten' | 'removed' | 'kept'
  readonly reason?: string | undefined
}

/** A larger file is not read as a whole. */
const fileBytesMax = 268_435_456
/** Folders of the store that hold no text of anybody: encoders as they were downloaded. */
const foreignFolders: ReadonlySet<string> = new Set(['bases'])
const cacheFolders = { embeddings: 'embeddings', states: 'frozen-states' } as const

/**
 * Removes the texts from all files of a store. Files are replaced atomically, so readers see the
 * old one or the new one. With `dryRun` it changes nothing and lists what it would change.
 */
export async function forgetInStore(
  storeDir: string,
  forgotten: ForgottenTexts,
  { dryRun }: { dryRun: boolean },
): Promise<ForgottenFile[]> {
  if (forgotten.isEmpty) return []
  const found: ForgottenFile[] = []
  const act = async (
    path: string,
    action: 'rewritten' | 'removed',
    work: () => Promise<unknown>,
  ) => {
    const done = dryRun ? undefined : await work().then(noProblem, keptBecause)
    found.push(done === undefined ? { path, action } : { path, action: 'kept', reason: done })
  }
  const pages: string[] = []
  for await (const path of textFiles(storeDir)) {
    if (path.endsWith('.html')) {
      pages.push(path)
      continue
    }
    const change = await changeOf(path, forgotten)
    if (change === undefined) continue
    if (change === 'too large') found.push({ path, action: 'kept', reason: tooLarge })
    else if (change === 'remove') await act(path, 'removed', () => rm(path, { force: true }))
    else await act(path, 'rewritten', () => writeWhole(path, change.text))
  }
  // Pages are made again from the other files, which hold no such text by then.
  for (const path of pages) {
    if ((await stat(path)).size > fileBytesMax) {
      found.push({ path, action: 'kept', reason: tooLarge })
      continue
    }
    if (!forgotten.isOnPage(await readFile(path, 'utf8'))) continue
    const html = await renewedReport(storeDir, path)
    // A dry run has pruned nothing, so its page still has the texts.
    if (html === undefined || (!dryRun && forgotten.isOnPage(html))) {
      await act(path, 'removed', () => rm(path, { force: true }))
    } else await act(path, 'rewritten', () => writeWhole(path, html))
  }
  return [...found, ...(await forgetInCaches(storeDir, forgotten, { dryRun }))]
}

async function forgetInCaches(
  storeDir: string,
  { texts }: ForgottenTexts,
  options: { dryRun: boolean },
): Promise<ForgottenFile[]> {
  if (texts.length === 0) return []
  const dirs = {
    embeddings: join(storeDir, cacheFolders.embeddings),
    states: join(storeDir, cacheFolders.states),
  }
  const embeddings = await forgetEmbeddings(dirs.embeddings, texts, options)
  const states = await removeStateFiles(dirs.states, options)
  return [
    ...embeddings.map(({ path }) => ({ path, action: 'rewritten' as const })),
    ...states.map((path) => ({ path, action: 'removed' as const })),
  ]
}

/** What becomes of a file; undefined where it holds none of the texts. */
type FileChange = { readonly text: string } | 'remove' | 'too large' | undefined

async function changeOf(path: string, forgotten: ForgottenTexts): Promise<FileChange> {
  if (path.endsWith('.jsonl.gz')) return (await packedHolds(path, forgotten)) ? 'remove' : undefined
  const { size } = await stat(path)
  if (size > fileBytesMax) return 'too large'
  const text = await readFile(path, 'utf8')
  if (path.endsWith('.jsonl')) return prunedLines(text, forgotten)
  if (path.endsWith('.json')) {
    const value = parsed(text)
    if (value === undefined) return forgotten.isIn(text) ? 'remove' : undefined
    const pruned = prunedJson(value, forgotten)
    // Each writer of the store ends a file with a line break, and indents what people may read.
    const indent = /^\{\n {2}"/.test(text) ? 2 : undefined
    return pruned.removed === 0
      ? undefined
      : { text: `${JSON.stringify(pruned.value, null, indent)}\n` }
  }
  return forgotten.isIn(text) ? 'remove' : undefined
}

function prunedLines(text: string, forgotten: ForgottenTexts): FileChange {
  const lines = text.split('\n')
  const kept = lines.filter((line) => {
    if (line === '') return true
    const value = parsed(line)
    return value === undefined ? !forgotten.isIn(line) : !holdsForgotten(value, forgotten)
  })
  return kept.length === lines.length ? undefined : { text: kept.join('\n') }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined // Cut by a crash, or of another program.
  }
}

/** Whether packed training texts hold one of the texts; a file that is damaged is taken to. */
async function packedHolds(path: string, forgotten: ForgottenTexts): Promise<boolean> {
  const plain = createReadStream(path).pipe(createGunzip())
  const lines = createInterface({ input: plain, crlfDelay: Infinity })
  const failed = new Promise<never>((_, reject) => plain.once('error', reject))
  failed.catch(() => undefined)
  try {
    const iterator = lines[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([iterator.next(), failed])
      if (next.done === true) return false
      const value = parsed(next.value)
      if (value !== undefined && holdsForgotten(value, forgotten)) return true
    }
  } catch {
    return true
  } finally {
    lines.close()
    plain.destroy()
  }
}

const textFile = /\.(?:jsonl\.gz|jsonl|json|html|csv|tsv|txt|md|yaml|svg)$/

/**
 * The files of a store that may hold texts, those of unfinished writers too; links are left out.
 */
async function* textFiles(dir: string, storeDir = dir): AsyncGenerator<string> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  })
  for (const entry of entries) {
    const path = join(dir, entry.name)
    const [folder = ''] = relative(storeDir, path).split(sep)
    if (entry.isDirectory() && !foreignFolders.has(folder)) yield* textFiles(path, storeDir)
    if (entry.isFile() && textFile.test(entry.name.replace(/\.new$/, ''))) yield path
  }
}

const tooLarge = `it has more than ${fileBytesMax} bytes`

function noProblem(): undefined {
  return undefined
}

function keptBecause(error: unknown): string {
  if (isReadOnlyStore(error)) return 'it is read-only for this process'
  throw error
}

/** The runs in whose folders a text was found, or in the report of whose version. */
export function touchedRuns(storeDir: string, files: readonly ForgottenFile[]): Set<string> {
  const runs = files.flatMap(({ path }) => {
    const [folder, run] = relative(storeDir, path).split(sep)
    return folder === 'runs' && run !== undefined ? [run] : []
  })
  return new Set(runs)
}
