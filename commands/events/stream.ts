// `winnow stream`: runs a range of the stages until it is stopped.
import type { Command } from 'commander'
import { WinnowError } from '../../schemas/errors.ts'
import { createTelemetry, listenTelemetry } from '../../infra/telemetry.ts'
import type { Runner } from '../../streams/runner.ts'
import { stageNames, type StageName, type StageRange } from '../../streams/stage-chain.ts'
import { openContext, readContext, type SharedOptions } from '../command-context.ts'
import { consumptionsOf } from '../../serving/consumption.ts'
import { defaultGroup } from '../../serving/group-name.ts'
import { prepareService } from '../../serving/backends.ts'
import { addCommand } from '../shared-options.ts'
import { aborted, endWithin, untilStopped } from '../signals.ts'
import { openFaultPoints } from '../../serving/fault-points.ts'
import { openLabelStage } from '../../serving/label-stage.ts'
import { closing, openAll } from '../../serving/open-resources.ts'
import { checkAddress, checkModel } from '../option-checks.ts'
import { openStage, type StageOptions } from '../../serving/stage.ts'
import { showLive, streamFigures } from '../live-figures.ts'
import { logLine, timedLog } from '../terminal.ts'

type Options = SharedOptions & { stages: string; group?: string; model?: string }

/** Adds `stream` to the program. */
export function addStreamCommand(program: Command): void {
  addCommand(program, {
    name: 'stream',
    summary: 'run a range of the stages until stopped',
    description:
      'Consumes winnow.events and the topics of inputs, runs the stages validate, tokenize and infer (or\n' +
      'the range of --stages), and writes to the next topic or, after infer, to ClickHouse. On a terminal\n' +
      'a line shows rate, rows, dead letters, lag and model while it runs. To scale, start more processes:\n' +
      'the groups share the partitions. With the stage infer, or with --stages labels, it also writes the\n' +
      'labels that people give (winnow.labels) to ClickHouse. The models of inference.models classify\n' +
      'each event in one consumer, and share a pass where they have the same encoder. A model named by\n' +
      '--model gets its own consumer group, unless it is the only configured one. It takes the inputs\n' +
      'that list it, and those that list no models.',
    examples: [
      'winnow stream',
      'winnow stream --model intent',
      'winnow stream --stages infer --model intent@3 --group night-shift',
    ],
  })
    .option(
      '--stages <range>',
      'validate, tokenize, infer, a range such as validate..tokenize, or labels',
      'validate..infer',
    )
    .option(
      '--group <name>',
      'consumer group (default: derived from stream.group, stages and model)',
    )
    .option('--model <ref>', 'model to serve: NAME, NAME@VERSION or NAME@champion')
    .action(async (options: Options) => {
      await runStream(options)
    })
}

async function runStream(options: Options): Promise<void> {
  const range = options.stages === 'labels' ? undefined : parseRange(options.stages)
  const { config: configured } = await readContext(options)
  const context = await openContext(options, { 'inference.model': options.model })
  const { config, terminal, paths } = context
  await checkAddress('telemetry', config.telemetry)
  const needsModel = range !== undefined && range.last !== 'validate'
  const consumptions = range === undefined ? [] : consumptionsOf(configured, { ...options, range })
  const models = [...new Set(consumptions.flatMap((one) => one.models))]
  if (needsModel) for (const model of models) await checkModel(model, context)
  await prepareService(config, logLine)
  const log = timedLog(terminal)
  const labelGroup = (range === undefined && options.group) || defaultGroup(config, 'labels')
  const groups = range === undefined ? [labelGroup] : consumptions.map(({ group }) => group)
  await untilStopped(async (signal) => {
    const services = await openServices({
      ...{ range, consumptions, labelGroup, config, storeDir: paths.store, log },
    })
    const { runners, telemetry } = services
    const [model] = services.models
    let failure: unknown
    let listener: Awaited<ReturnType<typeof listenTelemetry>> | undefined
    const work = async (): Promise<void> => {
      const { host, port } = config.telemetry
      const probes = [{ name: 'runner', check: () => readiness(runners) }]
      const isAlive = () => failure === undefined
      listener = await listenTelemetry(telemetry, { host, port, probes, isAlive })
      // A broker may hold each new group back for some seconds.
      await Promise.all(runners.map((runner) => runner.start()))
      terminal.say(
        `${options.stages} as group ${groups.join(', ')}` +
          (model === undefined ? '' : `, model ${services.models.join(', ')}`) +
          `; metrics on ${listener.url}/metrics; stop with Ctrl-C`,
      )
      const consumed = consumptions.map(({ topic, group, models: refs }) => ({
        ...{ topic, group },
        model: needsModel ? refs[0] : undefined,
        models: needsModel ? refs : undefined,
      }))
      const [group] = groups
      terminal.document({
        ...{ group, stages: options.stages, model, metrics: listener.url },
        consumptions: consumed,
      })
      const hide = showLive(terminal, telemetry, streamFigures)
      await Promise.race([aborted(signal), services.ended]).finally(hide)
      if (signal.aborted) log('stopping: finishing what is in flight')
    }
    const watched = () =>
      work().catch((error: unknown) => {
        failure = error
        endWithin(config.stream.drainMsMax + endMsMax, error)
        throw error
      })
    await closing(watched, () => services.close().finally(() => listener?.close()))
  })
}

/** Longest time, after draining, for closing the clients after a failure. */
const endMsMax = 15_000

/** Opens the stages of a range, plus the labels with infer; without a range, only the labels. */
function openServices(
  options: Omit<StageOptions, 'range'> & { range: StageRange | undefined; labelGroup: string },
) {
  const { range, config, labelGroup, log } = options
  const faults = openFaultPoints()
  return openAll(async (resources) => {
    const stage =
      range === undefined
        ? undefined
        : resources.add(await openStage({ ...options, range, faults }), (one) => one.close())
    const telemetry = stage?.telemetry ?? createTelemetry()
    const runners = stage === undefined ? [] : [...stage.runners]
    const ends = stage === undefined ? [] : [stage.ended]
    if (range === undefined || range.last === 'infer') {
      const labels = await openLabelStage({ group: labelGroup, config, telemetry, log, faults })
      const { runner } = resources.add(labels, (one) => one.close())
      runners.push(runner)
      ends.push(runner.ended)
    }
    const ended = Promise.race(ends)
    ended.catch(() => undefined)
    const models = stage?.models.map(({ ref }) => ref) ?? []
    return { runners, ended, telemetry, models, close: () => resources.close() }
  })
}

/** Parses `validate..infer` or `infer`. Throws usage. */
export function parseRange(text: string): StageRange {
  const [first, last = first] = text.split('..') as [string, string?]
  const isStage = (name: string | undefined): name is StageName =>
    stageNames.some((stage) => stage === name)
  if (!isStage(first) || !isStage(last) || text.split('..').length > 2) {
    throw new WinnowError(
      'usage',
      `--stages ${text} is not a range of stages: give ${stageNames.join(', ')} or a range ` +
        'such as validate..infer, or labels',
    )
  }
  if (stageNames.indexOf(first) > stageNames.indexOf(last)) {
    throw new WinnowError(
      'usage',
      `--stages ${text}: ${last} comes before ${first}; write ${last}..${first}`,
    )
  }
  return { first, last }
}

function readiness(runners: readonly Runner[]): void {
  if (runners.every((runner) => runner.isReady())) return
  throw new WinnowError('broker_unavailable', 'The consumer has not joined its group yet.')
}
