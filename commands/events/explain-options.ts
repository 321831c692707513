// The options of `winnow explain`.
import { InvalidArgumentError, Option, type Command } from 'commander'
import { explanationMethods, type ExplanationMethod } from '../../models/explain/explanation.ts'
import { parseEventPlace, type EventPlace } from '../../schemas/record.ts'
import type { SourceAddress } from '../../trainers/files/dataset-source.ts'
import type { SharedOptions } from '../command-context.ts'
import { addFileOptions, collectSources, type FileOptions } from '../file-options.ts'
import { seedMax, wholeNumber } from '../shared-options.ts'

/** The parsed options of `explain`. */
export type ExplainOptions = SharedOptions &
  FileOptions & {
    model?: string
    text?: string
    row?: EventPlace
    data?: SourceAddress
    label?: string
    method: ExplanationMethod
    samples?: number
    seed: number
    html?: string
    summary?: true
    textColumn?: string
  }

/** Adds the options to the command. */
export function addExplainOptions(command: Command): Command {
  command
    .option('--model <ref>', 'NAME, NAME@VERSION or NAME@champion; with --row, which of its models')
    .option('--text <text>', 'the text to explain')
    .option('--row <topic/partition/offset>', 'explain the stored row of this event', eventPlace)
    .option(
      '--data <file...>',
      'explain the texts of files (read as by `winnow classify`), or - for stdin',
      collectSources,
    )
    .option('--label <label>', 'explain this label (default: the one that the model gives)')
    .addOption(
      new Option(
        '--method <method>',
        'auto: integrated gradients for models that Winnow trained in fp32, occlusion for others',
      )
        .choices(explanationMethods)
        .default('auto'),
    )
    .option(
      '--samples <n>',
      'classifications of a text for shapley (default: 2000)',
      wholeNumber(1),
    )
    .option('--seed <n>', 'seed of the orders for shapley', wholeNumber(0, seedMax), 1)
    .option('--html <file>', 'write the explanation as a page')
    .option('--summary', 'with --data: show the words that push each label most')
    .option(
      '--text-column <name>',
      'with --data: column or field that holds the text (default: text)',
    )
  return addFileOptions(command)
}

function eventPlace(text: string): EventPlace {
  const place = parseEventPlace(text)
  if (place !== undefined) return place
  throw new InvalidArgumentError('Give topic/partition/offset, such as winnow.events/0/17.')
}
