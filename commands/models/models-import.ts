// `winnow models import`: makes a model version from a Hugging Face export of a sequence
// classifier.
import { Option, type Command } from 'commander'
import { problemTypes, type ProblemType } from '../../models/import/export-files.ts'
import { statedOutputs, type StatedOutputs } from '../../models/import/graph-output.ts'
import { importModel } from '../../models/import/import-model.ts'
import type { TokenizerEngine } from '../../models/tokenizers/tokenizer.ts'
import type { PairedText } from '../../models/store/manifest.ts'
import { requireModelName } from '../../models/store/version-store.ts'
import { counted } from '../../schemas/counted.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { checkFolder, checkStore } from '../option-checks.ts'
import { addCommand, wholeNumber } from '../shared-options.ts'

type Options = SharedOptions & {
  name: string
  maxTokens?: number
  problemType?: ProblemType
  outputs?: StatedOutputs
  firstText?: string
  secondText?: string
}

/** Adds `import` to `models`. */
export function addImportCommand(models: Command): void {
  addCommand(models, {
    name: 'import <dir>',
    summary: 'make a version from a Hugging Face export',
    description:
      'Takes a folder with model.onnx (or onnx/model.onnx), tokenizer.json and config.json with\n' +
      'id2label: BERT, DistilBERT, RoBERTa, XLM-R, ModernBERT or DeBERTa-v2/v3 for sequence\n' +
      'classification. A model over pairs of texts (NLI, cross-encoders) needs the other text of the\n' +
      'pair, which is the same for every event: --second-text or --first-text. Texts are\n' +
      'run through the export and through the version, and must give the same logits; a golden.json\n' +
      'in the folder must match too. The version is served like any other. A tokenizer of a kind that\n' +
      'Winnow does not implement runs through @huggingface/tokenizers, and the command says so.',
    examples: [
      'winnow models import ./sentiment --name sentiment',
      'winnow models import ./topics --name topics --max-tokens 1024 --json',
      'winnow models import ./toxic --name toxic --problem-type multi_label_classification',
      'winnow models import ./nli --name refunds --second-text "The customer wants a refund."',
    ],
  })
    .requiredOption('--name <name>', 'name of the model; the version gets the next number')
    .option(
      '--max-tokens <tokens>',
      'cut longer texts (default: as the export allows, at most 512)',
      wholeNumber(1),
    )
    .addOption(
      new Option(
        '--problem-type <type>',
        'whether one label applies to a text or several (default: as config.json says, or one)',
      ).choices(problemTypes),
    )
    .addOption(
      new Option(
        '--outputs <what>',
        'what the graph computes (default: found in the graph; needed if it is not there)',
      ).choices(statedOutputs),
    )
    .addOption(
      new Option(
        '--second-text <text>',
        "for a model over pairs: the second text, after each event's, such as a hypothesis",
      ).conflicts('firstText'),
    )
    .option(
      '--first-text <text>',
      "for a model over pairs: the first text, before each event's, such as a query",
    )
    .action(importExport)
}

async function importExport(dir: string, options: Options): Promise<void> {
  const { terminal, paths } = await openContext(options)
  requireModelName(options.name)
  await checkFolder(dir, 'DIR')
  await checkStore(paths.store)
  const startMs = performance.now()
  const { version, check, outputs } = await importModel({
    ...options,
    dir,
    storeDir: paths.store,
    pairedText: pairedTextOf(options),
    onStep: (step) => terminal.say(step),
  })
  const { manifest, ref } = version
  const { labels, task = 'single-label', maxTokens, precision, batching = 'shared' } = manifest
  const { tokenizerEngine = 'own' } = manifest
  const seconds = (performance.now() - startMs) / 1_000
  // Node gives kibibytes.
  const peakRssBytes = process.resourceUsage().maxRSS * 1_024
  const apart = check.largestDifference.toExponential(1)
  const count = counted(labels.length, 'label')
  terminal.say(`${ref}: ${count}, ${precision}, texts of up to ${maxTokens} tokens`)
  terminal.say(
    `${counted(check.texts, 'text')} give the same ${outputs} as the export ` +
      `(largest difference ${apart})`,
  )
  if (labels.every((label) => /^LABEL_\d+$/.test(label))) {
    terminal.say(
      'the labels are only numbered (LABEL_0): put their names into id2label of ' +
        'config.json and import again',
    )
  }
  if (manifest.pairedText !== undefined) {
    const { place, text } = manifest.pairedText
    terminal.say(`the ${place} text of every pair: ${JSON.stringify(text)}`)
  } else if (labels.some((label) => /^entailment$/i.test(label))) {
    terminal.say(
      'the label "entailment" is that of a model over pairs of texts; import it again with ' +
        '--second-text, or it reads each text alone',
    )
  }
  if (batching === 'one by one') {
    terminal.say(
      'results depend on the other texts of a batch, so texts will be classified one by one',
    )
  }
  terminal.say(tokenizerSentence(tokenizerEngine, check.idTexts))
  terminal.document({
    model: ref,
    dir: version.dir,
    labels,
    task,
    maxTokens,
    precision,
    batching,
    outputs,
    tokenizerEngine,
    pairedText: manifest.pairedText,
    golden: check,
    seconds,
    peakRssBytes,
  })
}

function pairedTextOf({ firstText, secondText }: Options): PairedText | undefined {
  if (firstText !== undefined) return { place: 'first', text: firstText }
  return secondText === undefined ? undefined : { place: 'second', text: secondText }
}

function tokenizerSentence(engine: TokenizerEngine, idTexts: number): string {
  const compared =
    idTexts === 0
      ? 'there are no golden ids to compare'
      : `the ids of ${counted(idTexts, 'golden text')} are the same`
  if (engine === 'own') return `tokenizer engine: own; ${compared}`
  return `tokenizer engine: library (@huggingface/tokenizers), checked by golden texts only; ${compared}`
}
