// The short form of the fault tests: a few plans that cover the kinds of faults, on a stack of
// their own. The long forms are `npm run test:faults` and `npm run test:soak`; the short form of
// the soak is tests/integration/hot-swap.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faultPoints } from '../../schemas/ports/fault-point.ts'
import { openGround, type Ground } from './harness/ground.ts'
import { brokerAway, outage } from './harness/outage.ts'
import { planOf, type Plan } from './harness/plan.ts'
import { play } from './harness/play.ts'

let ground: Ground
beforeAll(async () => {
  ground = await openGround('small')
})
afterAll(async () => {
  await ground.close()
})

const plans: Record<string, Plan> = {
  'two models, a zombie that wakes within an insert, a crash within a block, lost answers': {
    seed: 1,
    layout: 'chained',
    models: 2,
    steps: [
      { kind: 'pause', point: 'before-insert-classifications', hit: 2, leaves: 'other' },
      { kind: 'kill', point: 'after-insert-dead_letters', hit: 1 },
      { kind: 'link', service: 'analytics', how: 'mute' },
    ],
  },
  'stages apart, a crash during a swap, an engine that is killed, and a full disk': {
    seed: 3,
    layout: 'apart',
    models: 1,
    steps: [
      { kind: 'kill', point: 'swap-switching', hit: 1 },
      { kind: 'service', service: 'analytics', how: 'kill' },
      { kind: 'full-disk' },
    ],
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

  it('the broker: the gateway refuses with Retry-After, and what it acknowledged is stored once', async () => {
    const { accepted, refused, withoutRetryAfter, lost, doubled } = await brokerAway(ground)
    expect({ lost, doubled }).toEqual({ lost: [], doubled: 0 })
    expect(accepted).toBeGreaterThan(100)
    expect(Object.keys(refused).every((status) => status === '429' || status === '503')).toBe(true)
    expect(withoutRetryAfter).toBe(0)
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
