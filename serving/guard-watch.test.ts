import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { configSchema } from '../configs/schema.ts'
import type { GuardFigures } from '../models/inference/guards.ts'
import type { ModelAnnouncement } from '../schemas/model-announcement.ts'
import { promotionOf, watchPromotions, type GuardWatchOptions } from './guard-watch.ts'

const startMs = Date.UTC(2026, 0, 1)
beforeEach(() => {
  vi.useFakeTimers({ now: startMs })
})
afterEach(() => {
  vi.useRealTimers()
})

const state = (fields: Partial<ModelAnnouncement> = {}): ModelAnnouncement => ({
  name: 'mail',
  kind: 'promoted',
  version: '2',
  champion: '2',
  previous: ['1'],
  versions: [],
  challenger: null,
  shadow: null,
  promotedAtMs: startMs,
  by: 'ann',
  reason: '',
  atMs: startMs,
  ...fields,
})

const fine: GuardFigures = {
  events: 1_000,
  errors: 0,
  latencyP95Ms: 1,
  labels: [],
  pairs: 0,
  disagreeing: 0,
}
const failing: GuardFigures = { ...fine, errors: 900 }

/** A watch that looks every second for ten seconds. */
function watching(options: Partial<GuardWatchOptions> = {}) {
  const config = {
    ...configSchema.parse({}).guards,
    windowMs: 10_000,
    everyMs: 1_000,
    errorShareMax: 0.1,
    eventsMin: 100,
  }
  let figures: GuardFigures | Error = fine
  const reads: string[] = []
  const rolledBack: string[] = []
  const tripped: string[] = []
  const lines: string[] = []
  const watch = watchPromotions({
    config,
    readFigures({ version }) {
      reads.push(version)
      return figures instanceof Error ? Promise.reject(figures) : Promise.resolve(figures)
    },
    rollBack({ version, before }, reason) {
      rolledBack.push(`${version} to ${before}: ${reason}`)
      return Promise.resolve(true)
    },
    onRollback: (guard) => tripped.push(guard),
    log: (line) => lines.push(line),
    nowMs: () => Date.now(),
    ...options,
  })
  return {
    watch,
    reads,
    rolledBack,
    tripped,
    lines,
    /** What the figures are from now on. */
    say: (next: GuardFigures | Error) => (figures = next),
  }
}

describe('watchPromotions', () => {
  it('looks every so often until the time is over, and leaves a good version alone', async () => {
    const { watch, reads, rolledBack } = watching()
    watch.onState(state())
    await vi.advanceTimersByTimeAsync(999)
    expect(reads).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(reads).toEqual(['2'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(reads).toHaveLength(10)
    expect(rolledBack).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('rolls back once when a guard trips, says why, and looks no more', async () => {
    const { watch, reads, rolledBack, tripped, lines, say } = watching()
    watch.onState(state())
    await vi.advanceTimersByTimeAsync(2_500)
    say(failing)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(reads).toHaveLength(3)
    expect(tripped).toEqual(['errors'])
    expect(rolledBack).toEqual([expect.stringMatching(/^2 to 1: guard errors: no answer on /)])
    expect(lines).toEqual([expect.stringMatching(/^mail@2 is rolled back to version 1: guard /)])
  })

  it('takes no credit where another consumer was first', async () => {
    let asked = 0
    const rollBack = () => Promise.resolve(++asked < 0)
    const { watch, tripped, lines, say } = watching({ rollBack })
    say(failing)
    watch.onState(state())
    await vi.advanceTimersByTimeAsync(60_000)
    expect({ asked, tripped, lines }).toEqual({ asked: 1, tripped: [], lines: [] })
  })

  it('says once that figures cannot be read, again after they could, and goes on looking', async () => {
    const { watch, reads, rolledBack, lines, say } = watching()
    say(new Error('away'))
    watch.onState(state())
    await vi.advanceTimersByTimeAsync(3_000)
    expect(lines).toEqual(['the guards of mail@2 cannot read their figures: away'])
    say(fine)
    await vi.advanceTimersByTimeAsync(1_000)
    say(new Error('away again'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(lines).toHaveLength(2)
    say(failing)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(rolledBack).toHaveLength(1)
    expect(reads).toHaveLength(6)
  })

  it('watches the next promotion in place of the one before, and the same one only once', async () => {
    const { watch, reads } = watching()
    watch.onState(state())
    await vi.advanceTimersByTimeAsync(500)
    watch.onState(state({ kind: 'shadowed', reason: 'the same promotion' }))
    await vi.advanceTimersByTimeAsync(500)
    expect(reads).toEqual(['2'])
    watch.onState(
      state({ champion: '3', previous: ['1', '2'], promotedAtMs: startMs + 1_000, version: '3' }),
    )
    await vi.advanceTimersByTimeAsync(2_000)
    expect(reads).toEqual(['2', '3', '3'])
  })

  it('stops with a rollback by hand, and when it is closed', async () => {
    const { watch, reads } = watching()
    watch.onState(state())
    await vi.advanceTimersByTimeAsync(1_000)
    watch.onState(state({ champion: '1', previous: [], promotedAtMs: null }))
    await vi.advanceTimersByTimeAsync(5_000)
    expect(reads).toHaveLength(1)
    watch.onState(state())
    await watch.close()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(reads).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not begin when the time of a promotion is over', async () => {
    const { watch, reads } = watching()
    watch.onState(state({ promotedAtMs: startMs - 10_000 }))
    await vi.advanceTimersByTimeAsync(5_000)
    expect(reads).toEqual([])
  })
})

describe('promotionOf', () => {
  it('is what made the champion, with the latest champion before it', () => {
    expect(promotionOf(state({ previous: ['7', '1'] }))).toEqual({
      name: 'mail',
      version: '2',
      before: '1',
      promotedAtMs: startMs,
    })
  })

  it.each([
    ['no champion', { champion: null }],
    ['a rollback', { promotedAtMs: null }],
    ['the first version', { previous: [] }],
  ])('is none after %s', (_what, fields) => {
    expect(promotionOf(state(fields))).toBeUndefined()
  })
})
