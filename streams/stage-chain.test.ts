// Chains of made-up stages. The real ones are chained in pipeline.ts.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LoopTurns } from '../models/runtime/sliced-work.ts'
import { WinnowError } from '../schemas/errors.ts'
import { filtered, ok, rejected, type Filtered, type Outcome } from '../schemas/outcome.ts'
import type { KafkaRecord, Lineage } from '../schemas/record.ts'
import type { Origin } from '../schemas/validated.ts'
import { sampleModel } from '../tests/support/sample-models.ts'
import { sampleRecord } from '../tests/support/sample-records.ts'
import {
  applyStage,
  chainStages,
  inSequence,
  readRecords,
  stagesOf,
  type ChainPart,
  type ReadValue,
  type Stage,
  type StageName,
  type StageRange,
} from './stage-chain.ts'
import type { ChunkModels, ModelSource } from './stages/infer.ts'

const record = (offset: number, fields: Partial<KafkaRecord> = {}) =>
  sampleRecord(offset, { value: Buffer.from(`r${offset}`), ...fields })

const read = ({ value }: KafkaRecord) => Promise.resolve(ok(value!.toString()))

/** A stage that adds its mark, and rejects what `refuses` says. */
function stageOf(
  name: StageName,
  mark: string,
  refuses: (text: string) => boolean = () => false,
): Stage<string, string> {
  return {
    name,
    apply: (texts) =>
      Promise.resolve(
        texts.map((text) =>
          refuses(text) ? rejected('text_empty', `${mark} refuses ${text}`) : ok(text + mark),
        ),
      ),
  }
}

type ChainOptions = {
  range?: StageRange
  read?: ReadValue<string>
  originOf?: () => Origin
  /** Stages that run in the order of each partition. */
  inOrder?: Stage<string, string>[]
  stages?: Stage<string, string>[]
  models?: readonly ModelSource[]
}

function chainOf({ range, read: readValue = read, ...options }: ChainOptions = {}) {
  const { inOrder = [], stages = [], originOf, models = [] } = options
  const first = range?.first ?? 'validate'
  const startsAtOrigin = first === 'validate'
  const nothing: ChainPart<string, string> = (chunk) => Promise.resolve([...chunk])
  const reader = readRecords<string>({
    stage: first,
    read: readValue,
    turns: new LoopTurns(),
    ...(originOf && { originOf }),
  })
  return chainStages<string, string>({
    range: range ?? { first, last: 'infer' },
    inOrder: inOrder.map(applyStage).reduce(inSequence<KafkaRecord, string, string>, reader),
    anyOrder: stages.map(applyStage).reduce(inSequence<string, string, string>, nothing),
    models,
    startsAtOrigin,
  })
}

const wordOf = (outcome: Outcome<string> | Filtered) => {
  if (outcome.kind === 'filtered') return 'filtered'
  return outcome.kind === 'ok' ? outcome.value : outcome.error.message
}

describe('stagesOf', () => {
  it('names a contiguous run of stages', () => {
    expect(stagesOf({ first: 'validate', last: 'infer' })).toEqual([
      'validate',
      'tokenize',
      'infer',
    ])
    expect(stagesOf({ first: 'tokenize', last: 'tokenize' })).toEqual(['tokenize'])
    expect(stagesOf({ first: 'infer', last: 'validate' })).toEqual([])
  })
})

describe('chainStages', () => {
  it('is named for its stages, and knows origins ahead only where events enter', () => {
    const whole = chainOf({ range: { first: 'validate', last: 'tokenize' } })
    expect([whole.name, whole.startsAtOrigin]).toEqual(['validate..tokenize', true])
    const later = chainOf({ range: { first: 'infer', last: 'infer' } })
    expect([later.name, later.startsAtOrigin]).toEqual(['infer', false])
  })

  it('applies each stage to what the one before accepted, and names the last stage that saw it', async () => {
    const stages = [
      stageOf('validate', 'v', (text) => text === 'r1'),
      stageOf('tokenize', 't', (text) => text.startsWith('r2')),
      stageOf('infer', 'i'),
    ]
    const outcomes = await chainOf({ stages })
      .begin(0)
      .apply([0, 1, 2, 3].map((at) => record(at)))
    expect(outcomes.map(({ stage, outcome }) => [stage, wordOf(outcome)])).toEqual([
      ['infer', 'r0vti'],
      ['validate', 'v refuses r1'],
      ['tokenize', 't refuses r2v'],
      ['infer', 'r3vti'],
    ])
  })

  it('rejects what cannot be read, and what was never readable, without a stage', async () => {
    const unreadable = { code: 'batch_corrupt', message: 'broken' } as const
    const records = [record(0), record(1, { unreadable, value: null }), record(2)]
    const reading = (one: KafkaRecord) =>
      one.offset === 2 ? Promise.resolve(rejected('json_invalid', 'no JSON')) : read(one)
    const outcomes = await chainOf({ read: reading, stages: [stageOf('infer', 'i')] })
      .begin(0)
      .apply(records)
    expect(outcomes.map(({ stage, outcome }) => [stage, wordOf(outcome)])).toEqual([
      ['infer', 'r0i'],
      ['validate', 'broken'],
      ['validate', 'no JSON'],
    ])
  })

  it('passes nothing to the stages of what the reading leaves out', async () => {
    const reading = (one: KafkaRecord) => (one.offset === 1 ? Promise.resolve(filtered) : read(one))
    const outcomes = await chainOf({ read: reading, stages: [stageOf('infer', 'i')] })
      .begin(0)
      .apply([record(0), record(1), record(2)])
    expect(outcomes.map(({ stage, outcome }) => [stage, wordOf(outcome)])).toEqual([
      ['infer', 'r0i'],
      ['validate', 'filtered'],
      ['infer', 'r2i'],
    ])
  })

  it('may be applied to a chunk again after a failure', async () => {
    let tries = 0
    const away = new WinnowError('registry_unavailable', 'away')
    const failing = (one: KafkaRecord) => (++tries === 2 ? Promise.reject(away) : read(one))
    const transform = chainOf({ read: failing, stages: [stageOf('infer', 'i')] }).begin(0)
    const records = [record(0), record(1)]
    await expect(transform.apply(records)).rejects.toBe(away)
    const outcomes = await transform.apply(records)
    expect(outcomes.map(({ outcome }) => wordOf(outcome))).toEqual(['r0i', 'r1i'])
  })

  it('reads a bounded number of records at once, and leaves no failure unheard', async () => {
    let reading = 0
    let most = 0
    const slow = async (one: KafkaRecord) => {
      most = Math.max(most, ++reading)
      await new Promise((resolve) => setImmediate(resolve))
      reading--
      if (one.offset > 30) throw new WinnowError('registry_unavailable', `${one.offset}`)
      return ok('')
    }
    const records = Array.from({ length: 40 }, (_, at) => record(at))
    await expect(chainOf({ read: slow }).begin(0).apply(records)).rejects.toThrow('31')
    expect(most).toBe(8)
  })

  it('gives each record one outcome and in order, whatever each stage rejects', async () => {
    const fates = fc.array(fc.constantFrom('read', 'validate', 'tokenize', 'infer', 'ok'))
    await fc.assert(
      fc.asyncProperty(fates, async (plan) => {
        const fateOf = (text: string) => plan[Number(/\d+/.exec(text)![0])]
        const outcomes = await chainOf({
          read: (one) =>
            plan[one.offset] === 'read'
              ? Promise.resolve(rejected('json_invalid', 'read'))
              : read(one),
          stages: (['validate', 'tokenize', 'infer'] as const).map((stage) =>
            stageOf(stage, '', (text) => fateOf(text) === stage),
          ),
        })
          .begin(0)
          .apply(plan.map((_, at) => record(at)))
        expect(outcomes.map((one) => one.record.offset)).toEqual([...plan.keys()])
        expect(
          outcomes.map(({ stage, outcome }) => (outcome.kind === 'ok' ? 'ok' : stage)),
        ).toEqual(plan.map((fate) => (fate === 'read' ? 'validate' : fate)))
      }),
    )
  })
})

describe('the order of a partition', () => {
  it('is kept by its first part, while other partitions and the second part go on', async () => {
    const began: string[] = []
    const gates = new Map<string, () => void>()
    const gated = (name: 'validate' | 'infer'): Stage<string, string> => ({
      name,
      async apply(texts) {
        began.push(`${name} ${texts[0]}`)
        await new Promise<void>((resolve) => gates.set(`${name} ${texts[0]}`, resolve))
        return texts.map((text) => ok(text))
      },
    })
    const ordered = chainOf({ inOrder: [gated('validate')], stages: [gated('infer')] })
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    const done = [
      ordered.begin(0).apply([record(0)]),
      ordered.begin(0).apply([record(1)]),
      ordered.begin(1).apply([record(5, { partition: 1 })]),
    ]
    await turn()
    expect(began).toEqual(['validate r0', 'validate r5'])
    gates.get('validate r0')!()
    await turn()
    expect(began).toEqual(['validate r0', 'validate r5', 'infer r0', 'validate r1'])
    gates.get('validate r1')!()
    await turn()
    expect(began.at(-1)).toBe('infer r1')
    for (const name of ['infer r1', 'infer r0', 'validate r5']) gates.get(name)!()
    await turn()
    gates.get('infer r5')!()
    expect((await Promise.all(done)).map(([one]) => one!.outcome.kind)).toEqual(['ok', 'ok', 'ok'])
  })

  it('goes on behind a chunk that failed', async () => {
    let calls = 0
    const failing: Stage<string, string> = {
      name: 'validate',
      apply: (texts) =>
        ++calls === 1
          ? Promise.reject(new Error('a bug'))
          : Promise.resolve(texts.map((text) => ok(text))),
    }
    const ordered = chainOf({ inOrder: [failing] })
    const first = ordered.begin(0)
    const second = ordered.begin(0).apply([record(1)])
    await expect(first.apply([record(0)])).rejects.toThrow('a bug')
    first.end()
    expect(await second).toMatchObject([{ outcome: ok('r1') }])
  })

  it('is that in which chunks began, even if the first one is applied later and tried again', async () => {
    const applied: string[] = []
    let calls = 0
    const failingOnce: Stage<string, string> = {
      name: 'validate',
      apply(texts) {
        if (++calls === 1) return Promise.reject(new Error('away'))
        applied.push(...texts)
        return Promise.resolve(texts.map((text) => ok(text)))
      },
    }
    const ordered = chainOf({ inOrder: [failingOnce] })
    const [first, second] = [ordered.begin(0), ordered.begin(0)]
    const later = second.apply([record(1)])
    await expect(first.apply([record(0)])).rejects.toThrow('away')
    await first.apply([record(0)])
    await later
    expect(applied).toEqual(['r0', 'r1'])
  })
})

describe('the models of a chunk', () => {
  it('are taken when it begins, given to each stage, and given back once at its end', async () => {
    const seen: ChunkModels[] = []
    const looking: Stage<string, string> = {
      name: 'infer',
      apply(texts, models) {
        seen.push(...models)
        return Promise.resolve(texts.map((text) => ok(text)))
      },
    }
    let version = 1
    const released: string[] = []
    const models = {
      name: 'mail',
      acquire() {
        const champion = sampleModel({ version: String(version) })
        return { champion, release: () => released.push(champion.version) }
      },
    }
    const source = chainOf({ stages: [looking], models: [models] })
    const first = source.begin(0)
    version = 2
    const second = source.begin(1)
    await second.apply([record(1, { partition: 1 })])
    await first.apply([record(0)])
    expect(seen.map(({ champion }) => champion.version)).toEqual(['2', '1'])
    expect(released).toEqual([])
    first.end()
    second.end()
    expect(released).toEqual(['1', '2'])
  })
})

describe('where an event entered', () => {
  const origin = { topic: 't', partition: 0, offset: 3, recordTimeMs: 7 }
  const originOfRecord = async (options: ChainOptions, lineage?: Lineage) => {
    const [outcome] = await chainOf(options)
      .begin(0)
      .apply([record(9, { lineage })])
    return { origin: outcome!.origin, attempt: outcome!.attempt }
  }
  const own = { topic: 't', partition: 0, offset: 9, recordTimeMs: 1_009 }
  const named = { range: { first: 'infer', last: 'infer' }, originOf: () => origin } as const

  it('is the record itself, or what it was sent again for', async () => {
    expect(await originOfRecord({})).toEqual({ origin: own, attempt: 0 })
    expect(await originOfRecord({}, { origin, attempt: 2 })).toEqual({ origin, attempt: 2 })
  })

  it('is believed of the value by a later stage, and the attempt of headers that agree', async () => {
    expect(await originOfRecord(named)).toEqual({ origin, attempt: 0 })
    expect(await originOfRecord(named, { origin, attempt: 2 })).toEqual({ origin, attempt: 2 })
    const other = { ...origin, offset: 4 }
    expect(await originOfRecord(named, { origin: other, attempt: 2 })).toEqual({
      origin,
      attempt: 0,
    })
  })

  it('is that of the headers where a later stage cannot read the value', async () => {
    const broken = () => Promise.resolve(rejected('avro_undecodable', 'no'))
    const elsewhere = { origin: { ...origin, topic: 'events' }, attempt: 1 }
    expect(await originOfRecord({ ...named, read: broken }, elsewhere)).toEqual(elsewhere)
    expect(await originOfRecord({ ...named, read: broken })).toEqual({ origin: own, attempt: 0 })
  })
})
