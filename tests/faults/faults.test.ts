// The short form of the fault tests: a few plans that cover the kinds of faults, on a stack of
// their own. The long forms are `npm run test:faults` and `npm run test:soak`.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faultPoints } from '../../schemas/ports/fault-point.ts'
import { openGround, type Ground } from './harness/ground.ts'
import { brokerAway, outage } from './harness/outage.ts'
import { planOf, type Plan } from './harness/plan.ts'
import { play } from './harness/play.ts'
import { soak } from './harness/soak.ts'

let ground: Ground
beforeAll(async () => {
  ground = await openGround('small')
})
afterAll(async () => {
  await ground.close()
})

const plans: Record<string, Plan> = {
  'a zombie that wakes within an insert, and lost answers of inserts': {
    seed: 1,
    layout: 'chained',
    models: 1,
    steps: [
      { kind: 'pause', point: 'before-insert-classifications', hit: 2, leaves: 'other' },
      { kind: 'link', service: 'analytics', how: 'mute' },
    ],
  },
  'two models, a crash within a block, a broker and an engine that are killed': {
    seed: 2,
    layout: 'chained',
    models: 2,
    steps: [
      { kind: 'kill', point: 'after-insert-dead_letters', hit: 1 },
      { kind: 'service', service: 'kafka', how: 'kill' },
      { kind: 'service', service: 'analytics', how: 'kill' },
    ],
  },
  'stages apart, a crash during a swap, and a full disk': {
    seed: 3,
    layout: 'apart',
    models: 1,
    steps: [{ kind: 'kill', point: 'swap-switching', hit: 1 }, { kind: 'full-disk' }],
  },
}

describe('whatever happens, each event is one row or one dead letter', () => {
  it.each(Object.entries(plans))('%s', async (_, plan) => {
    const { problems, counts } = await play(ground, plan)
    expect(problems).toEqual([])
    expect(counts!.rows).toBeGreaterThan(50)
    expect(counts!.letters).toBeGreaterThan(0)
  })
})

describe('while something is away', () => {
  // Slow inference delays records in the same way; `npm run test:faults -- --outage N` tries both.
  it('ClickHouse, for 6 s: memory stays flat, lag grows, and all is made up for', async () => {
    const { memoryFactor, lagAtEnd, problems } = await outage(ground, { forMs: 6_000 })
    expect(problems).toEqual([])
    expect(memoryFactor).toBeLessThan(1.3)
    expect(lagAtEnd).toBeGreaterThan(100)
  })

  it('the broker: the gateway refuses with Retry-After and loses nothing that it acknowledged', async () => {
    const { accepted, refused, withoutRetryAfter, lost } = await brokerAway(ground)
    expect(lost).toEqual([])
    expect(accepted).toBeGreaterThan(100)
    expect(Object.keys(refused).every((status) => status === '429' || status === '503')).toBe(true)
    expect(withoutRetryAfter).toBe(0)
  })
})

describe('a soak of half a minute', () => {
  it('swaps under load without a failed request, a lost event, or memory that grows', async () => {
    const outcome = await soak(ground, { minutes: 0.5, swaps: 7 })
    const { problems, failed, requests, counts, rssBytes } = outcome
    expect({ problems, failed }).toEqual({ problems: [], failed: {} })
    expect(requests).toBeGreaterThan(200)
    expect(counts.rows).toBeGreaterThan(200)
    expect(rssBytes.last / rssBytes.fifth).toBeLessThan(1.3)
  })
})

describe('planOf', () => {
  it('gives the same plan for the same seed, and every point to some seed of a round', () => {
    const plans = faultPoints.map((_, seed) => planOf(seed))
    expect(plans).toEqual(faultPoints.map((_, seed) => planOf(seed)))
    const [first] = [plans.map(({ steps }) => steps[0]!)]
    expect(first.map((step) => 'point' in step && step.point)).toEqual(faultPoints)
  })
})
