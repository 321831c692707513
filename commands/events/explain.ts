// `winnow explain`: shows which words of a text led a model to its label.
import { Option, type Command } from 'commander'
import { openExplainerIn } from '../../library/explain.ts'
import { explanationMethods, type ExplanationMethod } from '../../models/explain/explain-text.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { explainedText } from './explained-text.ts'
import { checkModel } from '../option-checks.ts'
import { addCommand } from '../shared-options.ts'

type Options = SharedOptions & {
  model: string
  text: string
  label?: string
  method: ExplanationMethod
}

/** Adds `explain` to the program. */
export function addExplainCommand(program: Command): void {
  addCommand(program, {
    name: 'explain',
    summary: 'show which words of a text led to its label',
    description:
      'Attributes the log-odds of a label to the words and tokens of a text. Words in green speak for the\n' +
      'label, words in red against it. With --json it prints {model, label, score, method, tokens, words,\n' +
      'completenessGap, …}; start and end are UTF-16 offsets into the given text. The text is cleaned as\n' +
      'in the stream.',
    examples: [
      'winnow explain --model mail --text "You have won a free cruise"',
      'winnow explain --model mail --text "Lunch on Friday?" --label spam',
      'winnow explain --model mail --text "Lunch on Friday?" --method occlusion --json',
    ],
  })
    .requiredOption('--model <ref>', 'NAME, NAME@VERSION or NAME@champion')
    .requiredOption('--text <text>', 'the text to explain')
    .option('--label <label>', 'explain this label (default: the one that the model gives)')
    .addOption(
      new Option(
        '--method <method>',
        'auto: integrated gradients for models that Winnow trained, occlusion for imported ones',
      )
        .choices(explanationMethods)
        .default('auto'),
    )
    .action(runExplain)
}

async function runExplain(options: Options): Promise<void> {
  const context = await openContext(options)
  const { terminal } = context
  await checkModel(options.model, context)
  const explainer = await openExplainerIn(context, options)
  try {
    const { text, label, method } = options
    const explanation = await explainer.explain({ text, label, method })
    terminal.document(explanation)
    if (!terminal.json) terminal.say(explainedText(text, explanation, terminal.style))
  } finally {
    await explainer.close()
  }
}
