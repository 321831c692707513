// `winnow dlq replay`: options and output of a replay. serving/letters/letter-replay.ts replays.
import { hostname, userInfo } from 'node:os'
import { InvalidArgumentError, type Command } from 'commander'
import type { Config } from '../../configs/schema.ts'
import { countLetters, type LetterFilter } from '../../infra/readers/dead-letter-reader.ts'
import { createKafka, openProducer } from '../../infra/kafka/kafka.ts'
import { counted } from '../../schemas/counted.ts'
import { parseEventPlace } from '../../schemas/record.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { addLetterOptions, filterOf, type LetterOptions } from './letter-options.ts'
import { replayLetters, type LettersReplayed } from '../../serving/letters/letter-replay.ts'
import { skipReasons, type SkipReason } from '../../serving/letters/letter-sender.ts'
import { prepareBackends } from '../../serving/backends.ts'
import { openAll } from '../../serving/open-resources.ts'
import { checkTimes } from '../option-checks.ts'
import { openPatientAnalytics } from '../../serving/patience.ts'
import { progressText } from '../progress-text.ts'
import { addCommand, wholeNumber } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { countText, durationText, logLine, tableText } from '../terminal.ts'

type Options = SharedOptions &
  LetterOptions & { id?: string[]; limit?: number; again?: true; dryRun?: true }

/** The document of a replay. */
export type ReplayDocument = LettersReplayed & { dryRun: boolean; seconds: number }

/** Adds `dlq replay` to `dlq`. */
export function addDlqReplayCommand(dlq: Command): void {
  const command = addCommand(dlq, {
    name: 'replay',
    summary: 'send the events of open dead letters again, after a fix',
    description:
      'Sends the events of open dead letters again, each to its original topic. The new outcome replaces\n' +
      'the dead letter: a row, or another dead letter. An event that is sent twice, for example after an\n' +
      'interruption, counts once. If a dead letter holds only a part of the value, the value is read from\n' +
      'its topic, as long as it is still there. All consumers must run this version or a later one,\n' +
      'because earlier ones treat what is sent as new events.',
    examples: [
      'winnow dlq replay --dry-run',
      'winnow dlq replay --code schema_unknown --since 2h',
      'winnow dlq replay --id winnow.events/0/17 --id winnow.events/3/4',
    ],
  })
  addLetterOptions(command)
    .option('--id <id>', 'only this one, topic/partition/offset; repeatable', collectId)
    .option('--limit <events>', 'maximum number of events to send', wholeNumber(1))
    .option('--again', 'also events that were already sent and have no outcome yet')
    .option('--dry-run', 'send nothing; say what would be sent')
    .action(async (options: Options) => {
      checkTimes(options)
      const { config, terminal } = await openContext(options)
      await prepareBackends(config, logLine)
      const sentText = options.dryRun === true ? 'would be sent' : 'sent'
      const startMs = performance.now()
      const done = await untilStopped((signal) =>
        replaySelected({
          options,
          config,
          signal,
          onProgress: ({ matched, sent }, total) =>
            terminal.progress(
              progressText({
                done: matched,
                total,
                noun: 'dead letter',
                also: `${countText(sent)} ${sentText}`,
                elapsedMs: performance.now() - startMs,
              }),
            ),
        }),
      )
      terminal.progressDone()
      const rows = Object.entries(done.byCode).map(([code, one]) => [
        code,
        one.matched,
        one.sent,
        one.skipped,
      ])
      if (rows.length > 0) {
        terminal.say(tableText(['code', 'open', sentText, 'skipped'], rows))
      }
      for (const [reason, count] of Object.entries(done.skipped)) {
        terminal.say(`${countText(count)} skipped: ${skipReasons[reason as SkipReason]}`)
      }
      terminal.say(
        `${countText(done.sent)} of ${counted(done.matched, 'open dead letter')} ${sentText}, ` +
          durationText(done.seconds * 1_000) +
          (done.stopped ? '; stopped before the end' : ''),
      )
      terminal.document(done)
    })
}

function collectId(id: string, previous: string[] | undefined): string[] {
  if (parseEventPlace(id) !== undefined) return [...(previous ?? []), id]
  throw new InvalidArgumentError(
    'Give an ID as `winnow dlq list` prints it: topic/partition/offset.',
  )
}

function replaySelected(work: {
  options: Options
  config: Config
  signal: AbortSignal
  onProgress: (done: LettersReplayed, total: number) => void
}): Promise<ReplayDocument> {
  const { options, config, signal } = work
  const { limit = Infinity, dryRun = false, again = false } = options
  const filter: Omit<LetterFilter, 'state'> = { ...filterOf(options), ids: options.id }
  return openAll(async (resources) => {
    const startMs = performance.now()
    const analytics = resources.add(
      openPatientAnalytics(config.clickhouse, { log: logLine, signal }),
      (one) => one.close(),
    )
    const kafka = createKafka(config, logLine)
    const counts = await countLetters(analytics, { ...filter, state: 'open' })
    const total = counts.reduce((sum, { open }) => sum + open, 0)
    const producer = dryRun
      ? undefined
      : resources.add(await openProducer(kafka), (one) => one.close())
    const done = await replayLetters(
      { analytics, kafka, producer },
      {
        filter,
        limit,
        again,
        by: `${userInfo().username}@${hostname()}`,
        signal,
        onProgress: (now) => {
          work.onProgress(now, total)
        },
      },
      config,
    )
    const seconds = (performance.now() - startMs) / 1_000
    await resources.close()
    return { ...done, dryRun, seconds }
  })
}
