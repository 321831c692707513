// `winnow explain --data`: explains the texts of a file, as JSON lines, for a person, as a page, or
// as the words that push each label most.
import { writeFile } from 'node:fs/promises'
import type { Explainer } from '../../models/explain/explain-text.ts'
import { fileAccess } from '../../library/file-access.ts'
import { columnsOf } from '../../library/read-texts.ts'
import { sumLabelWords } from '../../models/explain/label-words.ts'
import { cleanText } from '../../models/cleaning/clean-text.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { counted } from '../../schemas/counted.ts'
import { explainTexts, type ExplainedRow } from '../../trainers/evaluation/explain-file.ts'
import { fileReading } from '../../trainers/files/file-reading.ts'
import { countRows } from '../../trainers/files/row-count.ts'
import {
  renderExplanationsHtml,
  type ExplainedText,
} from '../../trainers/report/explanation-html.ts'
import type { CommandContext } from '../command-context.ts'
import { filesOf, sayFileNote } from '../file-options.ts'
import { progressText } from '../progress-text.ts'
import { logLine, type Terminal } from '../terminal.ts'
import type { ExplainOptions } from './explain-options.ts'
import { explainedLines, labelWordsText } from './explained-text.ts'

/** Texts of a page; more would make it slow to open. */
const pageTextsMax = 200

/** Explains each text of `--data`. Throws as explainTexts. */
export async function explainFile(
  options: ExplainOptions,
  context: CommandContext & {
    readonly version: ModelVersion
    readonly explainer: Explainer
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { terminal, version, explainer, signal, config } = context
  const { label, method, summary, html } = options
  const onProgress = await progressOf(options, context)
  const sums = sumLabelWords()
  const shown: ExplainedText[] = []
  let [texts, empty] = [0, 0]
  const rows = explainTexts({
    explainer,
    label,
    method,
    files: filesOf(options.data),
    access: fileAccess(config),
    ...fileReading(options),
    columns: columnsOf(options),
    onNote: sayFileNote,
    clean: (text) => cleanText(text, config.cleaning.steps),
    signal,
  })
  for await (const row of rows) {
    if ('error' in row.line) empty++
    else {
      sums.add(row.line)
      if (html !== undefined && shown.length < pageTextsMax) {
        shown.push({ text: row.text, explanation: row.line })
      }
    }
    if (summary !== true) await showRow(row, terminal)
    onProgress(++texts)
  }
  terminal.progressDone()
  if (empty > 0) logLine(`${counted(empty, 'empty text')} without an explanation`)
  const labels = sums.result()
  if (summary === true) {
    terminal.say(labelWordsText(labels, terminal.style))
    terminal.document({ model: version.ref, texts: texts - empty, labels })
  }
  if (html === undefined) return
  const explained = summary === true ? [] : shown
  const facts = [
    ['model', version.ref],
    ['texts', String(texts - empty)],
  ] as const
  const title = `Explanations by ${version.ref}`
  await writeFile(html, renderExplanationsHtml({ title, facts, explained, labelWords: labels }))
  logLine(`written to ${html}`)
}

async function showRow({ text, line }: ExplainedRow, terminal: Terminal): Promise<void> {
  if (terminal.width === undefined) await terminal.row(line)
  else if ('error' in line) terminal.say(`(line ${line.id}) empty text, no explanation`)
  else terminal.say(`${explainedLines(text, line, terminal.style)}\n`)
}

/** Shows the progress, except on a terminal that shows each text. */
async function progressOf(
  { data, summary, ...options }: ExplainOptions,
  { terminal, signal }: { terminal: Terminal; signal: AbortSignal },
): Promise<(done: number) => void> {
  if (terminal.width !== undefined && summary !== true) return () => undefined
  const columns = columnsOf(options)
  const counting = countRows([data ?? '-'].flat(), { columns, format: options.format, signal })
  // The file's own error is reported when it is read.
  const total = (await counting.catch(() => undefined))?.rows
  const startedMs = performance.now()
  return (done) => {
    const elapsedMs = performance.now() - startedMs
    terminal.progress(progressText({ done, total, noun: 'text', elapsedMs }))
  }
}
