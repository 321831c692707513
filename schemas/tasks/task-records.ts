// The records by which other processes work off trials: offers on winnow.trials, and what becomes
// of them on winnow.trial-progress. A trial is a task here. trainers/workers/ decides who may do
// what, and when.
import { z } from 'zod'
import { characters } from '../characters.ts'

const name = characters(1, 256)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const whole = (min: number, max = Number.MAX_SAFE_INTEGER) => z.int().min(min).max(max)

/** JSON has no NaN and no infinity: they come as null. */
const figure = z
  .number()
  .nullable()
  .transform((value) => value ?? NaN)

/** The values of a trial by the names of its parameters. */
const parameters = z.record(name, z.union([characters(0, 256), z.number(), z.boolean()]))

const condition = z.strictObject({
  parameter: name,
  values: z
    .array(z.union([characters(0, 256), z.number(), z.boolean()]))
    .max(1_000)
    .readonly(),
})

const numeric = z.strictObject({
  kind: z.enum(['float', 'int']),
  low: z.number(),
  high: z.number(),
  scale: z.enum(['linear', 'log']),
})

const categorical = z.strictObject({
  kind: z.literal('categorical'),
  choices: z
    .array(z.union([characters(0, 256), z.number(), z.boolean()]))
    .max(1_000)
    .readonly(),
})

/** A search space; see trainers/tuning/space/space.ts. */
const space = z
  .array(
    z.strictObject({
      name,
      domain: z.discriminatedUnion('kind', [numeric, categorical]),
      when: z.array(condition).max(100).readonly(),
    }),
  )
  .max(1_000)
  .readonly()

const base = z.strictObject({ name, modelSha256: sha256, tokenizerSha256: sha256 })

/** Labelled texts in the artifact store or the model store, under a key made of their hash. */
const packedData = z.strictObject({
  sha256,
  /** Uncompressed. */
  bytes: whole(1),
})

const shared = {
  data: packedData,
  base,
  /** Of every random choice. */
  seed: whole(0, 2 ** 32 - 1),
  maxTokens: whole(3),
  /** Threads change the last bits of a training, so they are the same everywhere. */
  threads: whole(1, 1_024),
}

/** One trial of a study; `default` is the default recipe. */
const trialWork = z.strictObject({
  kind: z.literal('trial'),
  ...shared,
  method: z.enum(['head', 'partial', 'full']),
  /** Whether the time per text counts, and so is measured. */
  isTimed: z.boolean(),
  space,
  parameters: z.union([z.literal('default'), parameters]),
})

/** Everything that a worker needs for a task. */
const work = z.discriminatedUnion('kind', [trialWork])

/** One record of winnow.trials: a task that any worker may claim. */
export const taskOffer = z.strictObject({
  formatVersion: z.literal(1),
  run: name,
  task: whole(0),
  attempt: whole(1),
  /** Time between two signs of life, milliseconds. */
  heartbeatMs: whole(10, 3_600_000),
  work,
})

const task = { run: name, task: whole(0), attempt: whole(1) }
const claim = { ...task, worker: name }

/** Scores of a trial by the names of metrics. */
const scores = z.strictObject({
  accuracy: figure,
  macro_f1: figure,
  log_loss: figure,
  ms_per_text: figure.optional(),
})

/** How a claimed task ended. */
const outcome = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('trial'), scores, parameters }),
  /** The parameters cannot be trained; another worker would fail alike. */
  z.strictObject({
    kind: z.literal('failed'),
    code: z.enum(['training_diverged', 'memory_exhausted']),
    message: characters(0, 4_096),
  }),
])

/** One record of winnow.trial-progress. Its order in the topic decides. */
export const taskProgress = z.discriminatedUnion('kind', [
  /** The process that puts up the tasks of a run is there. */
  z.strictObject({ kind: z.literal('tick'), run: name }),
  /** A worker without a task is there. */
  z.strictObject({ kind: z.literal('ready'), worker: name }),
  /** A worker takes a task; the first one has it. */
  z.strictObject({ kind: z.literal('claimed'), ...claim }),
  /** The worker is still at it. */
  z.strictObject({ kind: z.literal('alive'), ...claim }),
  z.strictObject({
    kind: z.literal('epoch'),
    ...claim,
    scores,
    isLast: z.boolean(),
    /** Since the task began. */
    seconds: z.number().min(0),
  }),
  z.strictObject({ kind: z.literal('ended'), ...claim, seconds: z.number().min(0), outcome }),
  /** The worker gives its claim back: it stops, or something other than the task failed. */
  z.strictObject({
    kind: z.literal('released'),
    ...claim,
    reason: z.enum(['stopping', 'failure']),
    message: characters(0, 4_096),
  }),
  /** A worker cannot take tasks of this run. */
  z.strictObject({
    kind: z.literal('refused'),
    run: name,
    worker: name,
    code: name,
    message: characters(0, 4_096),
  }),
  /** An attempt no longer counts; the worker that has it stops. */
  z.strictObject({
    kind: z.literal('revoked'),
    ...task,
    reason: z.enum(['silent', 'pruned', 'cancelled']),
  }),
])

export type TaskOffer = z.output<typeof taskOffer>
export type TaskWork = TaskOffer['work']
export type TaskProgress = z.output<typeof taskProgress>
export type TaskOutcome = z.output<typeof outcome>

/** One attempt at a task. */
export type TaskAttempt = {
  readonly run: string
  readonly task: number
  readonly attempt: number
}
