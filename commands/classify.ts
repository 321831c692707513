// `winnow classify`: labels for the lines of a file or of stdin, without Kafka.
import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { cleanText } from '../models/clean-text.ts'
import { startSpareThreads, type SpawnThread } from '../models/session-thread.ts'
import { openVersion } from '../models/version-store.ts'
import { classifyLines, type ClassifyStats } from '../trainers/classify-file.ts'
import { fileSource } from '../trainers/text-lines.ts'
import { openContext, type SharedOptions } from './context.ts'
import { workersOf } from './model.ts'
import { addCommand, wholeNumber } from './shared-options.ts'
import { untilStopped } from './signals.ts'
import { writeError } from './terminal.ts'

type Options = SharedOptions & {
  model: string
  data?: string
  batchTokens?: number
  stats?: string
}

/** Adds `classify` to the program. */
export function addClassifyCommand(program: Command): void {
  addCommand(program, {
    name: 'classify',
    summary: 'label the lines of a file or of stdin',
    description:
      'Reads {"text", "id"} lines, or one text a line, and writes one JSON line for each, in order:\n' +
      '{id, label, score, labels, outOfScope, probabilities, tokens, truncated}. Texts are cleaned as in the\n' +
      'stream.',
    examples: [
      'winnow classify --model mail --data mails.jsonl.gz > labels.jsonl',
      'echo "You have won a free cruise" | winnow classify --model mail',
      'winnow classify --model mail@2 --data mails.jsonl --stats stats.json > /dev/null',
    ],
  })
    .requiredOption('--model <ref>', 'NAME, NAME@VERSION or NAME@champion')
    .option('--data <file>', 'JSON Lines or plain text, .gz too (default: stdin)')
    .option('--batch-tokens <tokens>', 'most padded tokens of one batch', wholeNumber(1))
    .option('--stats <file>', 'write speed, padding and memory there as JSON; - is stderr')
    .action((options: Options) => untilStopped((signal) => runClassify(options, signal)))
}

async function runClassify(options: Options, signal: AbortSignal): Promise<void> {
  // Its thread loads the runtime while the configuration is read and the model's files are checked.
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
  const { config, paths, terminal } = await openContext(options)
  const version = await openVersion({ ref: options.model, storeDir: paths.store })
  const fromFile = options.data !== undefined && options.data !== '-'
  let stats: ClassifyStats | undefined
  const lines = classifyLines({
    version,
    source: fromFile ? fileSource(options.data!) : { name: 'stdin', bytes: process.stdin },
    clean: (text) => cleanText(text, config.cleaning.steps),
    workers: workersOf(config.inference),
    abstention: config.inference.abstain,
    spawn,
    batchTokens: options.batchTokens ?? config.inference.batchTokens,
    onStats: (found) => {
      stats = found
    },
    signal,
  })
  for await (const line of lines) {
    await terminal.row(line)
  }
  if (options.stats === undefined || stats === undefined) return
  const text = JSON.stringify(stats, undefined, 2)
  if (options.stats === '-') writeError(text)
  else await writeFile(options.stats, `${text}\n`)
}
