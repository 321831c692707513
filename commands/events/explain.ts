// `winnow explain`: shows which words of a text led a model to its label, for one text, a stored
// row, or the texts of a file.
import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { openExplainerOf, type TextExplainer } from '../../library/explain.ts'
import { methodText } from '../../models/explain/explanation-text.ts'
import type { Explanation } from '../../models/explain/explanation.ts'
import { openVersion } from '../../models/store/version-store.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { renderExplanationsHtml } from '../../trainers/report/explanation-html.ts'
import { openContext, type CommandContext } from '../command-context.ts'
import { checkFiles } from '../file-options.ts'
import { checkModel, checkWritable } from '../option-checks.ts'
import { addCommand } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { explainFile } from './explain-file.ts'
import { addExplainOptions, type ExplainOptions } from './explain-options.ts'
import { explainedText } from './explained-text.ts'
import { explainableRow } from './explained-row.ts'

/** Adds `explain` to the program. */
export function addExplainCommand(program: Command): void {
  const command = addCommand(program, {
    name: 'explain',
    summary: 'show which words of a text led to its label',
    description:
      'Attributes the log-odds of a label to the words and tokens of a text. Words in green speak for the\n' +
      'label, words in red against it. With --json it prints {model, label, score, method, tokens, words,\n' +
      'completenessGap, …}; start and end are UTF-16 offsets into the given text. The text is cleaned as\n' +
      'in the stream. --row explains a stored row with the version that made it. --data explains each\n' +
      'text of a file and writes one JSON line per text if stdout is not a terminal; with --summary it\n' +
      'shows the words that push each label most instead.',
    examples: [
      'winnow explain --model mail --text "You have won a free cruise"',
      'winnow explain --model mail --text "Lunch on Friday?" --label spam --html why.html',
      'winnow explain --model mail --text "Lunch on Friday?" --method shapley --json',
      'winnow explain --row winnow.events/0/17',
      'winnow explain --model mail --data mails.jsonl.gz > explained.jsonl',
      'winnow explain --model mail --data mails.jsonl.gz --summary',
    ],
  })
  addExplainOptions(command).action((options: ExplainOptions) =>
    untilStopped((signal) => runExplain(options, signal)),
  )
}

async function runExplain(options: ExplainOptions, signal: AbortSignal): Promise<void> {
  requireOneInput(options)
  const context = await openContext(options)
  if (options.html !== undefined) await checkWritable(options.html, '--html')
  if (options.row !== undefined) return explainRow(options, context, signal)
  const { model, data, text = '' } = options
  if (model === undefined) throw new WinnowError('usage', '--model is missing: name a model.')
  await checkModel(model, context)
  if (data !== undefined) await checkFiles([data].flat(), '--data')
  const version = await openVersion({ ref: model, storeDir: context.paths.store })
  const { steps } = context.config.cleaning
  await withExplainer(options, { ...context, version, steps }, async (explainer) => {
    if (data !== undefined) {
      await explainFile(options, { ...context, version, explainer, signal })
      return
    }
    const { label, method } = options
    const explanation = await explainer.explain({ text, label, method }, { signal })
    await show({ text, explanation }, options, context)
    context.terminal.document(explanation)
  })
}

async function explainRow(
  options: ExplainOptions,
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { row, version } = await explainableRow({
    place: options.row!,
    model: options.model,
    context,
  })
  // The text of a row is cleaned already.
  await withExplainer(options, { ...context, version, steps: [] }, async (explainer) => {
    const { text } = row
    const isOwnLabel = version.manifest.labels.includes(row.label)
    const label = options.label ?? (isOwnLabel ? row.label : undefined)
    const { method } = options
    const explanation = await explainer.explain({ text, label, method }, { signal })
    await show({ text, explanation }, options, context)
    context.terminal.document({ ...explanation, row })
  })
}

async function withExplainer(
  { samples, seed }: ExplainOptions,
  opened: Pick<CommandContext, 'config'> & {
    readonly version: ModelVersion
    readonly steps: CommandContext['config']['cleaning']['steps']
  },
  work: (explainer: TextExplainer) => Promise<void>,
): Promise<void> {
  const { version, steps } = opened
  const options = { version, steps, samplesMax: samples, seed }
  const explainer = await openExplainerOf(opened, options)
  try {
    await work(explainer)
  } finally {
    await explainer.close()
  }
}

/** Shows one explanation to a person, and writes its page if one is wanted. */
async function show(
  explained: { readonly text: string; readonly explanation: Explanation },
  { html }: ExplainOptions,
  { terminal }: CommandContext,
): Promise<void> {
  const { text, explanation } = explained
  if (!terminal.json) terminal.say(explainedText(text, explanation, terminal.style))
  if (html === undefined) return
  const { model, label } = explanation
  const page = {
    title: `Why ${label}?`,
    facts: [
      ['model', model],
      ['method', methodText(explanation)],
    ] as const,
    explained: [explained],
  }
  await writeFile(html, renderExplanationsHtml(page))
  terminal.say(`\nwritten to ${html}`)
}

function requireOneInput({ text, row, data, summary }: ExplainOptions): void {
  const given = [text, row, data].filter((one) => one !== undefined).length
  if (given !== 1) {
    throw new WinnowError('usage', 'Give one of --text, --row and --data: what is to be explained.')
  }
  if (summary === true && data === undefined) {
    throw new WinnowError('usage', '--summary needs the texts of --data.')
  }
}
