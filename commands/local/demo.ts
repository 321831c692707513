// `winnow demo`: the main job on real mail, from start to finish. Each step is what a user would do
// with the other commands; SQL reads the final figures back.
import type { Command } from 'commander'
import { createEventPublisher } from '../../infra/sinks/event-publisher.ts'
import { createKafka, openProducer } from '../../infra/kafka/kafka.ts'
import { enginePackage, findEngine } from '../../infra/local/services/prerequisites.ts'
import { stackStatus } from '../../infra/local/stack-status.ts'
import { stopStack } from '../../infra/local/supervisor.ts'
import { openSchemas } from '../../infra/schema-registry/registry.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { cleanText } from '../../models/cleaning/clean-text.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { missingMailPackages, type DemoMail } from '../../trainers/data/demo-mail.ts'
import { trainHead, type TrainedModel } from '../../trainers/head/train-head.ts'
import { pullBase } from '../base-pull.ts'
import { openContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import { confusionOf, countRun, latencyOf, type RunCounts } from './demo-figures.ts'
import { splitMails } from './demo-events.ts'
import { showClosingPage, type DemoResult } from './demo-page.ts'
import { defaultGroup } from '../../serving/group-name.ts'
import { prepareService } from '../../serving/backends.ts'
import { workersOf } from '../../serving/model.ts'
import { openGateway } from '../events/serve.ts'
import { recordService } from '../../serving/service-record.ts'
import { addCommand } from '../shared-options.ts'
import { aborted, untilStopped } from '../signals.ts'
import { bringUp } from './stack.ts'
import { keysPath, openKeyFile } from '../../serving/gateway/key-file.ts'
import { openStage, type Stage } from '../../serving/stage.ts'
import { logLine, countText } from '../terminal.ts'
import { trainingProgressText } from '../training/training-progress.ts'
import { recordTrainingRun } from '../../library/training-row.ts'

type Options = SharedOptions & { keep?: boolean }

/** The share of the mails to train on; the rest is never seen before it streams. */
const trainShare = 0.5
/** Most tokens of a mail that are read; twice as many double the time and gain little. */
const maxTokens = 128
/** Mails that are sent one at a time at the end, to show latency without a backlog. */
const pacedMails = 120
const stallMsMax = 120_000

/** Adds `demo` to the program. */
export function addDemoCommand(program: Command): void {
  addCommand(program, {
    name: 'demo',
    summary: 'train and stream on real mail, from start to finish',
    description:
      'Starts the embedded stack, trains a spam filter on a part of the 6,046 SpamAssassin mails,\n' +
      'streams the rest through Kafka, and shows the results in ClickHouse. Takes a few minutes.',
    examples: ['winnow demo', 'winnow demo --keep', 'winnow demo --json'],
  })
    .option('--keep', 'leave stack, stream and dashboard running until Ctrl-C')
    .action((options: Options) => untilStopped((signal) => runDemo(options, signal)))
}

/**
 * Throws prerequisite_missing if packages are not installed. A checkout has all of them; the
 * published package does not install those that only the demo needs.
 */
function requirePackages(): void {
  const engine = findEngine(`${process.platform}-${process.arch}`)
  const missing = [
    ...(engine.kind === 'no_package' ? [enginePackage] : []),
    ...missingMailPackages(),
  ]
  if (missing.length === 0) return
  throw new WinnowError(
    'prerequisite_missing',
    'The demo needs packages that are not installed. Run "npm install --ignore-scripts ' +
      missing.join(' ') +
      '" where ' +
      'Winnow is installed (up to 655 MB).',
  )
}

/** The figures count the rows of this run by the beginning of their ids. */
const ownIds = { 'retention.hashIds': false }

async function runDemo(options: Options, signal: AbortSignal): Promise<void> {
  const startMs = performance.now()
  requirePackages()
  const first = await openContext(options)
  const { terminal, paths } = first
  const services = await stackStatus({ stateDir: paths.state })
  const ours = services.length === 0 || !services.every((one) => one.ready)
  terminal.say(terminal.style('bold', '1. Start Kafka, the schema registry and ClickHouse'))
  await bringUp(options, signal)
  try {
    const untrained = await openContext(options, { ...ownIds, 'inference.model': 'mail' })
    await prepareService(untrained.config, logLine)
    terminal.say(terminal.style('bold', '2. Train a spam filter on a part of the mails'))
    const { streamed, trained } = await trainOnMails(untrained, signal)
    await recordTrainingRun(untrained, trained)
    const context = await openContext(options, { ...ownIds, 'inference.model': trained.model })
    terminal.say(terminal.style('bold', '3. Stream the mails that the filter has never seen'))
    const range = { first: 'validate', last: 'infer' } as const
    const { model } = trained
    const group = defaultGroup(context.config, { range, models: [model], configured: [model] })
    const topic = topicOf(context.config.topics, 'events')
    const stage = await openStage({
      range,
      consumptions: [{ topic, group, models: [model], entry: { kind: 'own' } }],
      config: context.config,
      storeDir: paths.store,
      log: (line) => terminal.say(terminal.style('dim', line)),
    })
    try {
      const measured = await streamMails({ context, stage, mails: streamed, signal })
      const seconds = (performance.now() - startMs) / 1_000
      const result = { ...measured, seconds, model: trained.model }
      await showClosingPage({ result, stage, terminal, kept: options.keep === true })
      terminal.document(result)
      if (options.keep === true) await keepRunning(context, signal)
    } finally {
      await stage.close()
    }
  } finally {
    terminal.progressDone()
    if (ours && options.keep !== true) await stopStack({ stateDir: paths.state })
  }
}

async function trainOnMails(
  context: CommandContext,
  signal: AbortSignal,
): Promise<{ streamed: DemoMail[]; trained: TrainedModel }> {
  const { config, terminal, paths } = context
  const clean = (text: string) => cleanText(text, config.cleaning.steps)
  const { train, streamed, duplicates } = await splitMails({ trainShare, clean, signal })
  const base = await pullBase('minilm-l6', context, signal)
  const trained = await trainHead({
    train,
    base,
    storeDir: paths.store,
    name: 'mail',
    maxTokens,
    workers: workersOf(config.inference),
    onProgress: (progress) => terminal.progress(`   ${trainingProgressText(progress)}`),
    signal,
  })
  terminal.progressDone()
  const share = (100 * trained.metrics.accuracy).toFixed(1)
  terminal.say(
    `   ${trained.model} from ${countText(train.examples.length)} mails in ${trained.seconds.toFixed(0)} s, ` +
      `${share} % right on held-out folds of them (${countText(duplicates)} duplicates left out)`,
  )
  return { streamed, trained }
}

type Measured = Omit<DemoResult, 'seconds' | 'model'>

/** Streams most mails at full speed and the rest one at a time, and measures both parts. */
async function streamMails(options: {
  context: CommandContext
  stage: Stage
  mails: readonly DemoMail[]
  signal: AbortSignal
}): Promise<Measured> {
  const { context, stage, mails, signal } = options
  const { config } = context
  const run = `demo-${Date.now().toString(36)}-`
  const kafka = createKafka(config)
  const producer = await openProducer(kafka)
  const schemas = await openSchemas(config.registry, config.topics.prefix)
  const publisher = createEventPublisher({ producer, schemas }, topicOf(config.topics, 'events'))
  const publish = (part: string, batch: readonly DemoMail[]) =>
    publisher.publish(
      batch.map(({ id, text, label, source }) => ({
        id: `${run}${part}-${id}`,
        text,
        label,
        source,
      })),
    )
  try {
    for (const runner of stage.runners) await runner.start()
    const rest = mails.slice(0, -pacedMails)
    const startMs = performance.now()
    for (let at = 0; at < rest.length; at += 250) await publish('full', rest.slice(at, at + 250))
    await waitForOutcomes({ ...options, run: `${run}full-`, events: rest.length, startMs })
    const seconds = (performance.now() - startMs) / 1_000
    const textsPerSecond = rest.length / seconds
    await producePaced({
      mails: mails.slice(-pacedMails),
      everyMs: 1_000 / Math.min(20, textsPerSecond / 3),
      publish: (mail) => publish('paced', [mail]),
      signal,
      onProgress: (done) =>
        context.terminal.progress(
          `   one mail at a time, to measure latency: ${done} of ${pacedMails}`,
        ),
    })
    await waitForOutcomes({
      ...options,
      run: `${run}paced-`,
      events: pacedMails,
      startMs: performance.now(),
    })
    const { analytics } = stage
    const counts = await countRun(analytics, run)
    assertComplete(counts, mails.length)
    const { accuracy, macroF1, ...confusion } = await confusionOf(analytics, run)
    return {
      run,
      events: mails.length,
      rows: counts.rows,
      deadLetters: counts.deadLetters,
      accuracy,
      macroF1,
      confusion,
      textsPerSecond,
      latencyMs: await latencyOf(analytics, `${run}paced-`),
      backlogLatencyMs: await latencyOf(analytics, `${run}full-`),
    }
  } finally {
    await producer.close()
  }
}

/** Waits until every event of a part is a row or a dead letter. */
async function waitForOutcomes(options: {
  stage: Stage
  context: CommandContext
  signal: AbortSignal
  run: string
  events: number
  startMs: number
}): Promise<void> {
  const { stage, context, run, events, startMs } = options
  let changedMs = performance.now()
  let before = -1
  for (;;) {
    const counts = await Promise.race([countRun(stage.analytics, run), failureOf(stage)])
    const finished = counts.rows + counts.deadLetters
    if (finished >= events) return
    if (finished !== before) changedMs = performance.now()
    before = finished
    context.terminal.progress(liveLine(counts, { events, startMs }))
    if (options.signal.aborted) throw new WinnowError('cancelled', 'The demo was stopped.')
    if (performance.now() - changedMs > stallMsMax) {
      throw new WinnowError(
        'deadline_exceeded',
        `Only ${finished} of ${events} mails have become rows, and none in the last ` +
          `${stallMsMax / 1_000} s. ` +
          'Run `winnow status` and `winnow doctor` to see what does not answer.',
      )
    }
    await Promise.race([
      new Promise((resolve) => setTimeout(resolve, 400)),
      aborted(options.signal),
    ])
  }
}

/** Never resolves; rejects with the failure that ended the runner. */
function failureOf(stage: Stage): Promise<never> {
  return stage.ended.then(() => {
    throw new WinnowError('cancelled', 'The stream stopped before all mails were classified.')
  })
}

function liveLine(counts: RunCounts, part: { events: number; startMs: number }): string {
  const finished = counts.rows + counts.deadLetters
  const seconds = Math.max(0.001, (performance.now() - part.startMs) / 1_000)
  const labels = Object.entries(counts.byLabel).map(
    ([label, rows]) => `${label} ${countText(rows)}`,
  )
  return (
    `   ${countText(finished)} of ${countText(part.events)} mails, ` +
    `${(finished / seconds).toFixed(0)}/s, lag ${countText(part.events - finished)}` +
    (labels.length === 0 ? '' : `, ${labels.join(', ')}`)
  )
}

async function producePaced(options: {
  mails: readonly DemoMail[]
  everyMs: number
  publish(mail: DemoMail): Promise<void>
  signal: AbortSignal
  onProgress(done: number): void
}): Promise<void> {
  const startMs = performance.now()
  for (const [index, mail] of options.mails.entries()) {
    if (options.signal.aborted) return
    const waitMs = startMs + index * options.everyMs - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    await options.publish(mail)
    options.onProgress(index + 1)
  }
}

/**
 * The promise of the demo: each mail is either one row or one dead letter, and none is duplicated.
 */
function assertComplete(counts: RunCounts, events: number): void {
  if (counts.rows + counts.deadLetters !== events || counts.distinct !== counts.rows) {
    throw new WinnowError(
      'internal',
      `${events} mails were acknowledged, but ClickHouse has ${counts.rows} rows of ` +
        `${counts.distinct} mails and ${counts.deadLetters} dead letters`,
      { details: { events, ...counts } },
    )
  }
}

async function keepRunning(context: CommandContext, signal: AbortSignal): Promise<void> {
  const { terminal, config, paths } = context
  const log = (line: string) => terminal.say(terminal.style('dim', line))
  const gateway = await openGateway({
    ...{ config, storeDir: paths.store, log },
    keys: await openKeyFile(keysPath(config.gateway, paths.state), log),
  })
  const forget = await recordService(paths.state, { name: 'gateway', url: gateway.url })
  terminal.say(terminal.style('bold', `Dashboard: ${gateway.url}/   API: ${gateway.url}/docs`))
  terminal.say(terminal.style('dim', 'Ctrl-C stops it; then `winnow down` stops the stack.'))
  await aborted(signal)
  await forget()
  await gateway.close()
}
