// `winnow stream`: runs a slice of the stages until it is stopped.
import type { Command } from 'commander'
import { WinnowError } from '../schemas/errors.ts'
import { listenTelemetry } from '../infra/telemetry.ts'
import { stageNames, type StageName, type StageRange } from '../streams/slice.ts'
import { openContext, type SharedOptions } from './context.ts'
import { prepareBackends } from './migrate.ts'
import { addCommand } from './shared-options.ts'
import { aborted, untilStopped } from './signals.ts'
import { openStage } from './stage.ts'

type Options = SharedOptions & { stages: string; group?: string; model?: string }

/** Adds `stream` to the program. */
export function addStreamCommand(program: Command): void {
  addCommand(program, {
    name: 'stream',
    summary: 'run a slice of the stages until stopped',
    description:
      'Consumes one topic, runs the stages validate, tokenize and infer or any contiguous part of\n' +
      'them, and writes to the next topic or, after infer, to ClickHouse. Start more of them to scale:\n' +
      'the group shares the partitions.',
    examples: [
      'winnow stream --stages validate..infer',
      'winnow stream --stages infer --model intent@3 --group night-shift',
    ],
  })
    .requiredOption('--stages <range>', 'validate..infer, or one stage, or any part in between')
    .option('--group <name>', 'consumer group (default: stream.group and the stages)')
    .option('--model <ref>', 'model to serve: NAME, NAME@VERSION or NAME@champion')
    .action(async (options: Options) => {
      await runStream(options)
    })
}

async function runStream(options: Options): Promise<void> {
  const range = parseRange(options.stages)
  const { config, terminal, paths } = await openContext(options, {
    'inference.model': options.model,
  })
  await prepareBackends(config)
  const group = options.group ?? `${config.stream.group}.${rangeText(range)}`
  const log = (line: string) => process.stderr.write(`${new Date().toISOString()} ${line}\n`)
  await untilStopped(async (signal) => {
    const stage = await openStage({ range, group, config, storeDir: paths.store, log })
    const { runner, telemetry, model } = stage
    const probes = [{ name: 'runner', check: () => readiness(runner.isReady()) }]
    let listener: Awaited<ReturnType<typeof listenTelemetry>> | undefined
    try {
      const { host, port } = config.telemetry
      listener = await listenTelemetry(telemetry, { host, port, probes })
      await runner.start()
      terminal.say(
        `${rangeText(range)} as group ${group}` +
          (model === undefined ? '' : `, model ${model.ref}`) +
          `; metrics on ${listener.url}/metrics; stop with Ctrl-C`,
      )
      terminal.document({
        group,
        stages: rangeText(range),
        model: model?.ref,
        metrics: listener.url,
      })
      await Promise.race([aborted(signal), runner.ended])
      if (signal.aborted) log('stopping: finishing what is in flight')
    } finally {
      await stage.close()
      await listener?.close()
    }
  })
}

/** Reads `validate..infer` or `infer`. Throws usage. */
export function parseRange(text: string): StageRange {
  const [first, last = first] = text.split('..') as [string, string?]
  const isStage = (name: string | undefined): name is StageName =>
    stageNames.some((stage) => stage === name)
  if (!isStage(first) || !isStage(last) || text.split('..').length > 2) {
    throw new WinnowError(
      'usage',
      `--stages ${text}: give one of ${stageNames.join(', ')} or a range such as validate..infer`,
    )
  }
  if (stageNames.indexOf(first) > stageNames.indexOf(last)) {
    throw new WinnowError('usage', `--stages ${text}: ${last} comes before ${first}`)
  }
  return { first, last }
}

/** `validate..infer`, or the name of a single stage. */
export function rangeText({ first, last }: StageRange): string {
  return first === last ? first : `${first}..${last}`
}

function readiness(ready: boolean): void {
  if (!ready) throw new WinnowError('broker_unavailable', 'the consumer group is not joined')
}
