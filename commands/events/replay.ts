// `winnow replay`: classifies a bounded part of winnow.events again with one pinned model, into a
// table of its own.
import type { Command } from 'commander'
import type { Config } from '../../configs/schema.ts'
import { createAnalytics } from '../../infra/clickhouse/clickhouse.ts'
import { createKafka } from '../../infra/kafka/kafka.ts'
import { openSchemas } from '../../infra/schema-registry/registry.ts'
import { readRanges, resolveRange } from '../../infra/kafka/topic-range.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { openVersion } from '../../models/store/version-store.ts'
import type { Classification } from '../../schemas/classification.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { createPipeline } from '../../streams/pipeline.ts'
import type { StageChain } from '../../streams/stages/record-outcome.ts'
import { replay, type ReplayProgress } from '../../streams/replay.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { prepareBackends } from '../../serving/backends.ts'
import { entryOfTopic } from '../../serving/inputs/entering-inputs.ts'
import { openModel } from '../../serving/model.ts'
import { openAll } from '../../serving/open-resources.ts'
import { checkModel, checkRange } from '../option-checks.ts'
import { createPatience } from '../../serving/patience.ts'
import { openReplayTable, requireTableName, type ResumedRange } from '../../serving/replay-table.ts'
import { progressText } from '../progress-text.ts'
import { addCommand } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { durationText, logLine } from '../terminal.ts'

type Options = SharedOptions & {
  topic?: string
  from?: string
  to?: string
  model: string
  into?: string
}

/** The result of a replay. */
export type Replayed = ReplayProgress & {
  into: string
  model: string
  /** Offsets of the range; rows before `resumedAt` come from an earlier run. */
  partitions: ResumedRange[]
  seconds: number
  textsPerSecond: number
}

/** Adds `replay` to the program. */
export function addReplayCommand(program: Command): void {
  addCommand(program, {
    name: 'replay',
    summary: 're-classify a part of winnow.events with one model',
    description:
      'Reads a range of winnow.events or, with --topic, of an input (offsets of each partition, or times;\n' +
      'the end is not included). Classifies it with one pinned version into a table of its own, which has\n' +
      'the columns of classifications. The stream is not affected: no offset is committed, no dead letter is\n' +
      'written.\n' +
      'After an interruption, run it again: it continues after the last row in the table. The same model\n' +
      'on the same type of machine gives the same probabilities, bit for bit, as it did live.',
    examples: [
      'winnow replay --model intent@3',
      'winnow replay --model intent@4 --from 2026-11-01T00:00:00Z --into november',
      'winnow query "SELECT countIf(a.label != b.label) FROM classifications a\n' +
        '    JOIN november b USING (topic, partition, offset)"',
    ],
  })
    .requiredOption('--model <ref>', 'NAME, NAME@VERSION or NAME@champion, fixed when it starts')
    .option('--topic <topic>', 'topic of an input (default: winnow.events)')
    .option('--from <start>', 'offset, P=OFFSET,… or time (default: the first record)')
    .option('--to <end>', 'offset, P=OFFSET,… or time (default: the current end)')
    .option('--into <table>', 'table in the database (default: replay_NAME_VERSION)')
    .action(async (options: Options) => {
      const context = await openContext(options)
      const { config, terminal, paths } = context
      checkRange(options.from, options.to)
      if (options.topic !== undefined) requireEntry(config, options.topic)
      if (options.into !== undefined) requireTableName(options.into)
      await checkModel(options.model, context)
      await prepareBackends(config, logLine)
      const startMs = performance.now()
      const done = await untilStopped((signal) =>
        runReplay({
          options,
          config,
          storeDir: paths.store,
          signal,
          log: logLine,
          onProgress: ({ events }, total) => {
            const elapsedMs = performance.now() - startMs
            terminal.progress(progressText({ done: events, total, noun: 'event', elapsedMs }))
          },
        }),
      )
      terminal.progressDone()
      const rejected = done.events - done.results - done.filtered
      terminal.say(
        `${counted(done.results, 'row')} of ${done.model} in ${done.into}, ` +
          `${counted(rejected, 'event')} rejected, ${durationText(done.seconds * 1_000)}`,
      )
      terminal.document(done)
    })
}

/** Throws usage for a topic on which no events enter. */
function requireEntry({ inputs, topics }: Config, topic: string): void {
  const entries = [topicOf(topics, 'events'), ...inputs.map((input) => input.topic)]
  if (entries.includes(topic)) return
  throw new WinnowError('usage', `--topic ${topic}: events enter on ${entries.join(', ')}`)
}

function runReplay(work: {
  options: Options
  config: Config
  storeDir: string
  signal: AbortSignal
  log: (line: string) => void
  onProgress: (progress: ReplayProgress, total: number) => void
}): Promise<Replayed> {
  const { options, config, storeDir, signal, onProgress } = work
  return openAll(async (resources) => {
    const startMs = performance.now()
    const kafka = createKafka(config, work.log)
    const topic = options.topic ?? topicOf(config.topics, 'events')
    const ranges = await resolveRange(kafka, { topic, from: options.from, to: options.to })
    const clickhouse = resources.add(createAnalytics(config.clickhouse), (one) => one.close())
    const model = resources.add(
      await openModel({
        version: await openVersion({ ref: options.model, storeDir }),
        config: config.inference,
        onFallback: logLine,
      }),
      (one) => one.close(),
    )
    const into = options.into ?? `replay_${model.ref.replaceAll(/[^A-Za-z0-9]/g, '_')}`
    const { waitMsMax } = config.clickhouse
    const patience = createPatience({ waitMsMax, signal, log: work.log })
    const { storeText } = config.retention
    const table = { into, topic, ranges, model: model.ref, storeText }
    const { resumed, write } = await openReplayTable(clickhouse, table, patience)
    const schemas = await openSchemas(config.registry, config.topics.prefix)
    const chain = createPipeline({
      range: { first: 'validate', last: 'infer' },
      config,
      readers: {
        events: (value) => schemas.decode('events', value),
        validated: (value) => schemas.decode('validated', value),
        tokenized: (value) => schemas.decode('tokenized', value),
      },
      entry: entryOfTopic(config, topic),
      models: [
        {
          name: model.port.name,
          acquire: () => ({ champion: model.port, release: () => undefined }),
        },
      ],
      nowMs: () => Date.now(),
    }) as StageChain<Classification>
    const total = resumed.reduce((sum, { resumedAt, to }) => sum + to - resumedAt, 0)
    const { inFlightEventsMax: eventsMax, inFlightBytesMax: bytesMax, blockRowsMax } = config.stream
    const progress = await replay<Classification>({
      chunks: readRanges(kafka, {
        topic,
        signal,
        ranges: resumed.map((range) => ({ ...range, from: range.resumedAt })),
      }),
      chain,
      limits: { eventsMax, bytesMax, blockRowsMax },
      write,
      onProgress: (now) => onProgress(now, total),
    })
    const seconds = (performance.now() - startMs) / 1_000
    return {
      into,
      model: model.ref,
      partitions: resumed,
      ...progress,
      seconds,
      textsPerSecond: progress.results / seconds,
      close: () => resources.close(),
    }
  }).then(async ({ close, ...done }) => {
    await close()
    return done
  })
}
