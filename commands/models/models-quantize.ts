// `winnow models quantize`: makes an int8 version of a model version.
import type { Command } from 'commander'
import { quantizeIn, type QuantizationOptions, type Quantized } from '../../library/quantize.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { SourceAddress } from '../../trainers/files/dataset-source.ts'
import { agreementRule, agreementText } from '../../trainers/quantisation/quantise-version.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { collectSources } from '../file-options.ts'
import {
  addColumnOptions,
  checkTexts,
  readingText,
  sourceHelp,
  type ColumnOptions,
} from '../labelled-texts.ts'
import { checkModel } from '../option-checks.ts'
import { addCommand } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { countText } from '../terminal.ts'
import { joinedParts, measureRate } from '../work-rate.ts'

type Progress = Parameters<NonNullable<QuantizationOptions['onProgress']>>[0]

type Options = SharedOptions & ColumnOptions & { data: SourceAddress; calibration?: SourceAddress }

/** Adds `quantize` to `models`. */
export function addQuantizeCommand(models: Command): void {
  const command = addCommand(models, {
    name: 'quantize <ref>',
    summary: 'make a version in int8, which is faster',
    description:
      'Writes a version of the same model whose matrices and activations are int8, which takes about a\n' +
      'third of the processor time per text. Both versions classify the texts of --data. The new one\n' +
      'is written if 99 % of the labels are the same and accuracy falls by at most 0.2 points; else the\n' +
      'command fails. Its report and manifest have the figures. Give texts that the model was not\n' +
      'trained on. The version is promoted, swapped and rolled back like any other.',
    examples: [
      'winnow models quantize mail --data test.jsonl.gz',
      'winnow models quantize mail@3 --data test.jsonl --calibration train.jsonl --json',
    ],
  })
    .requiredOption(
      '--data <src...>',
      `labelled texts to measure on: ${sourceHelp}`,
      collectSources,
    )
    .option(
      '--calibration <src...>',
      'labelled texts from which the scales are chosen (default: those of --data)',
      collectSources,
    )
  addColumnOptions(command).action(async (model: string, options: Options) => {
    const context = await openContext(options)
    const { terminal } = context
    await checkModel(model, context)
    await checkTexts({ '--data': options.data, '--calibration': options.calibration }, options)
    const lineOf = quantizeProgressText()
    const made = await untilStopped((signal) =>
      quantizeIn(context, {
        ...options,
        model,
        signal,
        onProgress: (progress) => terminal.progress(lineOf(progress)),
      }),
    )
    terminal.progressDone()
    terminal.say(agreementText(made))
    terminal.say(`measured on ${made.measuredOn}`)
    if (made.model === null) throw tooFar(model, made)
    terminal.say(`${terminal.style('bold', made.model)}: ${made.modelDir!}`)
    terminal.document(made)
  })
}

/** A line for each step of a quantisation, with the rate of the step. */
function quantizeProgressText(): (progress: Progress) => string {
  let rate = measureRate()
  return (progress) => {
    if (progress.kind === 'reading') return readingText(progress)
    const { kind, done, total } = progress
    if (done === 1) rate = measureRate()
    const noun = kind === 'quantising' ? 'layer' : 'text'
    return joinedParts(
      `${kind}: ${countText(done)} of ${counted(total, noun)}`,
      rate({ done, total }),
    )
  }
}

function tooFar(model: string, { agreement, accuracy, accuracyBefore }: Quantized): WinnowError {
  return new WinnowError(
    'publish_refused',
    `The int8 version of ${model} was not written: ${agreementRule}. Keep the version in fp32, or ` +
      'train it again with more epochs, which makes its labels surer.',
    { details: { agreement, accuracy, accuracyBefore } },
  )
}
