// Chains stages into a slice: reads each record, then applies one stage after the other to those
// that are still accepted. One rejected event leaves its neighbours alone.
import { lineageOf, type KafkaRecord, type Lineage } from '../schemas/record.ts'
import type { Origin } from '../schemas/validated.ts'
import type { Outcome } from './outcome.ts'
import type { ModelSource, PinnedModels } from './infer.ts'
import type { Settled, Slice } from './ports.ts'

/** The stages in their order. */
export const stageNames = ['validate', 'tokenize', 'infer'] as const
export type StageName = (typeof stageNames)[number]

/** A contiguous run of stages. */
export type StageRange = { first: StageName; last: StageName }

/** One stage as the slice sees it: one outcome for each input, in order. */
export type Step<In, Out> = {
  readonly stage: StageName
  apply(inputs: readonly In[], models: PinnedModels | undefined): Outcomes<Out>
}

type Outcomes<Out> = Outcome<Out>[] | Promise<Outcome<Out>[]>

export type Read<In> = (record: KafkaRecord) => Promise<Outcome<In>>

/** The stages that a range names, in order. */
export function stagesOf(range: StageRange): StageName[] {
  return stageNames.slice(stageNames.indexOf(range.first), stageNames.indexOf(range.last) + 1)
}

export type SliceOptions<In> = {
  readStage: StageName
  read: Read<In>
  originOf(input: In): Origin | undefined
  steps: readonly Step<never, unknown>[]
  /** Where the steps get their models, the same ones for all of a chunk. */
  models: ModelSource | undefined
}

/**
 * A slice from a reader and steps. `originOf` gives where an event entered, once it is known;
 * until then the record itself is its origin.
 */
export function composeSlice<In, Out>(options: SliceOptions<In>): Slice<Out> {
  const names = [...new Set([options.readStage, ...options.steps.map((step) => step.stage)])]
  return {
    name: names.join('..'),
    startsAtOrigin: options.readStage === 'validate',
    begin() {
      const pin = options.models?.pin()
      return {
        apply: (records) => pass(options, records, pin),
        end: () => pin?.release(),
      }
    },
  }
}

async function pass<In, Out>(
  options: SliceOptions<In>,
  records: readonly KafkaRecord[],
  models: PinnedModels | undefined,
): Promise<Settled<Out>[]> {
  const settled: (Settled<Out> | undefined)[] = records.map(() => undefined)
  const lineages = records.map(options.readStage === 'validate' ? lineageOf : inheritedLineage)
  let live: { at: number; value: unknown }[] = []
  const settle = (at: number, stage: string, outcome: Outcome<unknown>) => {
    settled[at] = {
      record: records[at]!,
      ...lineages[at]!,
      stage,
      outcome: outcome as Outcome<Out>,
    }
  }
  const inputs = await Promise.all(records.map((record) => options.read(record)))
  for (const [at, input] of inputs.entries()) {
    if (input.kind === 'rejected') {
      settle(at, options.readStage, input)
      continue
    }
    const origin = options.originOf(input.value)
    if (origin !== undefined) lineages[at] = { origin, attempt: attemptOf(lineages[at]!, origin) }
    live.push({ at, value: input.value })
  }
  let lastStage: string = options.readStage
  for (const step of options.steps as readonly Step<unknown, unknown>[]) {
    lastStage = step.stage
    const outcomes = await step.apply(
      live.map((one) => one.value),
      models,
    )
    const next: typeof live = []
    for (const [index, outcome] of outcomes.entries()) {
      const { at } = live[index]!
      if (outcome.kind === 'ok') next.push({ at, value: outcome.value })
      else settle(at, step.stage, outcome)
    }
    live = next
  }
  for (const { at, value } of live) settle(at, lastStage, { kind: 'ok', value })
  return settled.map((one) => one!)
}

/** What a stage before this one says in the headers; a record without them stands for itself. */
function inheritedLineage(record: KafkaRecord): Lineage {
  const { topic, partition, offset, recordTimeMs, lineage } = record
  return lineage ?? { origin: { topic, partition, offset, recordTimeMs }, attempt: 0 }
}

/** The attempt that the headers tell, where they and the value tell of one event. */
function attemptOf({ origin, attempt }: Lineage, valueOrigin: Origin): number {
  const { topic, partition, offset } = valueOrigin
  const agree = origin.topic === topic && origin.partition === partition && origin.offset === offset
  return agree ? attempt : 0
}
