// `winnow classify`: labels the texts of a file or of stdin, without Kafka.
import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { fileAccess } from '../../library/file-access.ts'
import { columnsOf } from '../../library/read-texts.ts'
import { cleanText } from '../../models/cleaning/clean-text.ts'
import { startSpareThreads, type SpawnThread } from '../../models/inference/session-thread.ts'
import { openVersion } from '../../models/store/version-store.ts'
import { counted } from '../../schemas/counted.ts'
import type { SourceAddress } from '../../trainers/files/dataset-source.ts'
import { fileReading } from '../../trainers/files/file-reading.ts'
import { classifyTexts, type ClassifyStats } from '../../trainers/evaluation/classify-file.ts'
import { classifiedText } from './classified-text.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import {
  addFileOptions,
  checkFiles,
  collectSources,
  filesHelp,
  filesOf,
  sayFileNote,
  type FileOptions,
} from '../file-options.ts'
import { deviceOf, workersOf } from '../../serving/model.ts'
import { checkModel, checkWritable } from '../option-checks.ts'
import { addCommand, wholeNumber } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { logLine, writeError } from '../terminal.ts'

type Options = SharedOptions &
  FileOptions & {
    model: string
    data?: SourceAddress
    textColumn?: string
    batchTokens?: number
    stats?: string
  }

/** Adds `classify` to the program. */
export function addClassifyCommand(program: Command): void {
  const command = addCommand(program, {
    name: 'classify',
    summary: 'label the texts of a file or of stdin',
    description:
      'Reads the same files as `winnow train`, by the column or field text; any other input is one text\n' +
      'per line. A line on stderr says how the input was read. On a terminal it shows each text with its\n' +
      'label; otherwise, and with --json, it writes one JSON line per text, in order: {id, label, score,\n' +
      'labels, outOfScope, probabilities, tokens, truncated, answeredBy}, or {id, error} for an empty text.\n' +
      'Texts are cleaned as in the stream.',
    examples: [
      'winnow classify --model mail --data mails.jsonl.gz > labels.jsonl',
      'winnow classify --model mail --data tickets.csv --text-column body',
      'echo "You have won a free cruise" | winnow classify --model mail',
      'winnow classify --model mail@2 --data mails.jsonl --stats stats.json > /dev/null',
    ],
  })
    .requiredOption('--model <ref>', 'NAME, NAME@VERSION or NAME@champion')
    .option('--data <file...>', `${filesHelp}; also .txt (default: stdin)`, collectSources)
    .option('--text-column <name>', 'column or field that holds the text (default: text)')
    .option('--batch-tokens <tokens>', 'maximum padded tokens of a batch', wholeNumber(1))
    .option('--stats <file>', 'write speed, padding and memory to this file as JSON; - is stderr')
  addFileOptions(command).action((options: Options) =>
    untilStopped((signal) => runClassify(options, signal)),
  )
}

async function runClassify(options: Options, signal: AbortSignal): Promise<void> {
  // A worker thread loads the runtime while the configuration is read and the model's files are
  // checked.
  const spares = startSpareThreads()
  try {
    await classifyWith(options, { spawn: spares.spawn, signal })
  } finally {
    await spares.close()
  }
}

async function classifyWith(
  options: Options,
  { spawn, signal }: { spawn: SpawnThread; signal: AbortSignal },
): Promise<void> {
  const context = await openContext(options)
  const { config, paths, terminal } = context
  const { stats: statsFile = '-' } = options
  const files = [options.data ?? '-'].flat()
  await checkModel(options.model, context)
  await checkFiles(files, '--data')
  if (statsFile !== '-') await checkWritable(statsFile, '--stats')
  const version = await openVersion({ ref: options.model, storeDir: paths.store })
  let stats: ClassifyStats | undefined
  const results = classifyTexts({
    version,
    files: filesOf(options.data),
    access: fileAccess(config),
    ...fileReading(options),
    columns: columnsOf(options),
    onNote: sayFileNote,
    clean: (text) => cleanText(text, config.cleaning.steps),
    workers: workersOf(config.inference),
    device: deviceOf(config.inference, logLine),
    abstention: config.inference.abstain,
    spawn,
    batchTokens: options.batchTokens ?? config.inference.batchTokens,
    onStats: (found) => {
      stats = found
    },
    signal,
  })
  let empty = 0
  for await (const result of results) {
    if ('error' in result.line) empty++
    const { width } = terminal
    if (width === undefined) await terminal.row(result.line)
    else terminal.say(classifiedText(result, { width, style: terminal.style }))
  }
  if (empty > 0) logLine(`${counted(empty, 'empty text')} without a label`)
  if (options.stats === undefined || stats === undefined) return
  const text = JSON.stringify(stats, undefined, 2)
  if (options.stats === '-') writeError(text)
  else await writeFile(options.stats, `${text}\n`)
}
