// The short form of the fault tests: a few plans over the kinds of faults, on a stack of their own. The
// long form is `npm run test:faults`.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faultPoints } from '../../schemas/fault-point.ts'
import { openGround, type Ground } from './harness/ground.ts'
import { planOf, type Plan } from './harness/plan.ts'
import { play } from './harness/play.ts'

let ground: Ground
beforeAll(async () => {
  ground = await openGround()
})
afterAll(async () => {
  await ground.close()
})

const plans: Record<string, Plan> = {
  'a zombie that wakes within an insert, and lost answers of inserts': {
    seed: 1,
    layout: 'chained',
    steps: [
      { kind: 'pause', point: 'before-insert-classifications', hit: 2, leaves: 'other' },
      { kind: 'link', service: 'analytics', how: 'mute' },
    ],
  },
  'a crash within a block, a broker and an engine that are killed': {
    seed: 2,
    layout: 'chained',
    steps: [
      { kind: 'kill', point: 'after-insert-dead_letters', hit: 1 },
      { kind: 'service', service: 'kafka', how: 'kill' },
      { kind: 'service', service: 'analytics', how: 'kill' },
    ],
  },
  'stages apart, a crash in mid-swap, and a full disk': {
    seed: 3,
    layout: 'apart',
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

describe('planOf', () => {
  it('gives the same plan for the same seed, and every point to some seed of a round', () => {
    const plans = faultPoints.map((_, seed) => planOf(seed))
    expect(plans).toEqual(faultPoints.map((_, seed) => planOf(seed)))
    const [first] = [plans.map(({ steps }) => steps[0]!)]
    expect(first.map((step) => 'point' in step && step.point)).toEqual(faultPoints)
  })
})
