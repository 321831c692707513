// `winnow models cascade build`: puts a small model in front of a version.
import type { Command } from 'commander'
import { buildCascadeIn, cascadeDefaults } from '../../library/cascade.ts'
import type { ReadingProgress } from '../../library/read-texts.ts'
import { counted } from '../../schemas/counted.ts'
import type { BuiltCascade, CascadeProgress } from '../../trainers/cascade/build-cascade.ts'
import type { SourceAddress } from '../../trainers/files/dataset-source.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { checkFiles, collectSources, filesHelp } from '../file-options.ts'
import {
  addColumnOptions,
  checkTexts,
  readingText,
  sourceHelp,
  type ColumnOptions,
} from '../labelled-texts.ts'
import { checkModel, checkStore } from '../option-checks.ts'
import { addCommand, examplesText, numberIn, seedMax, wholeNumber } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { countText } from '../terminal.ts'

type Options = SharedOptions &
  ColumnOptions & {
    data: SourceAddress
    heldOut?: SourceAddress
    unlabelled?: string | string[]
    risk: number
    confidence?: number
    seed: number
  }

/** Adds `cascade` to `models`. */
export function addCascadeCommands(models: Command): void {
  const cascade = models
    .command('cascade')
    .description('cascades: a small model answers the easy texts, the full model the rest')
    .addHelpText(
      'after',
      examplesText(['winnow models cascade build mail --data train.jsonl --held-out new.jsonl']),
    )
  const command = addCommand(cascade, {
    name: 'build <ref>',
    summary: 'put a small model in front of a version',
    description:
      'Fits a small model to the answers of the version, and finds on held-out texts which answers it may\n' +
      'give by itself. Both become a new version of the same name, which is promoted, published and rolled\n' +
      'back like any other. At most --risk of the texts lose a right label, with the given --confidence;\n' +
      'if that cannot be shown, nothing is written. docs/cascade.md explains the bound.',
    examples: [
      'winnow models cascade build mail --data train.jsonl --held-out new.jsonl',
      'winnow models cascade build mail@3 --data train.jsonl --unlabelled mails-2025.jsonl',
      'winnow models cascade build mail --data new.jsonl --risk 0.005 --confidence 0.9 --json',
    ],
  })
    .requiredOption('--data <src...>', `labelled texts: ${sourceHelp}`, collectSources)
    .option(
      '--held-out <src...>',
      'labelled texts that the version was not trained on (default: a part of the others)',
      collectSources,
    )
    .option('--unlabelled <file...>', `more texts, whose labels do not matter: ${filesHelp}`)
    .option(
      '--risk <share>',
      'share of all texts that may lose a right label',
      numberIn({ above: 0, below: 1 }),
      cascadeDefaults.risk,
    )
    .option(
      '--confidence <share>',
      'probability with which that holds (default: 0.95, or what the held-out texts can show, from 0.8)',
      numberIn({ above: 0, below: 1 }),
    )
    .option(
      '--seed <number>',
      'seed of every random choice',
      wholeNumber(0, seedMax),
      cascadeDefaults.seed,
    )
  addColumnOptions(command).action(runBuild)
}

async function runBuild(ref: string, options: Options): Promise<void> {
  const context = await openContext(options)
  const { terminal, paths } = context
  await checkModel(ref, context)
  await checkTexts({ '--data': options.data, '--held-out': options.heldOut }, options)
  await checkFiles([options.unlabelled ?? []].flat(), '--unlabelled')
  await checkStore(paths.store)
  const built = await untilStopped((signal) =>
    buildCascadeIn(context, {
      ...options,
      model: ref,
      signal,
      onProgress: (progress) => terminal.progress(lineOf(progress)),
    }),
  )
  terminal.progressDone()
  for (const line of builtText(built)) terminal.say(line)
  terminal.document(documentOf(built))
}

function lineOf(progress: ReadingProgress | CascadeProgress): string {
  if (progress.kind === 'reading') return readingText(progress)
  const { step, done, total } = progress
  return `${step}: ${countText(done)} of ${countText(total)}`
}

/** What was built, as lines. */
function builtText(built: BuiltCascade): string[] {
  const { version, cascade, agreement, usPerText, smallModelBytes } = built
  const { risk, accuracy, answered } = cascade
  const held = counted(risk.texts, 'held-out text')
  const lines = [
    `${version.ref}: the small model answers ${percent(answered)} of ${held}, ${cascade.full} the rest`,
  ]
  if (accuracy !== null) {
    lines.push(
      `accuracy: ${percent(accuracy.full)} by ${cascade.full}, ${percent(accuracy.cascade)} by the cascade`,
    )
  }
  const what = risk.counted === 'wrong answers' ? 'a right label is lost' : 'the label differs'
  lines.push(
    `${what} on ${risk.lost} of them, and with ${percent(risk.confidence)} confidence on at most ` +
      `${percent(risk.bound)} of all texts (limit ${percent(risk.max)})`,
    `the small model alone agrees on ${percent(agreement)}; it takes ${(smallModelBytes / 1e6).toFixed(1)} MB`,
    `processor time per text: ${usPerText.full.toFixed(0)} µs before, ${usPerText.cascade.toFixed(0)} µs ` +
      `by the cascade (${(usPerText.full / usPerText.cascade).toFixed(1)} times as fast)`,
    `serve it with: winnow models promote ${version.ref}`,
  )
  return lines
}

function percent(fraction: number): string {
  return `${Number((fraction * 100).toFixed(2))} %`
}

/** The JSON document of the command. */
function documentOf(built: BuiltCascade): Record<string, unknown> {
  const { version, cascade, usPerText, ...rest } = built
  const { answered, risk, accuracy, full, temperature, thresholds } = cascade
  const { labels } = version.manifest
  return {
    model: version.ref,
    dir: version.dir,
    full,
    answered,
    accuracy,
    risk,
    temperature,
    thresholds: Object.fromEntries(labels.map((label, at) => [label, thresholds[at] ?? null])),
    ...rest,
    usPerText,
    speedRatio: usPerText.full / usPerText.cascade,
  }
}
