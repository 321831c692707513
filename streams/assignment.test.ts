// An assignment over a sink in memory: what it lets through, and what it drops once it has ended.
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../schemas/errors.ts'
import type { Fence } from '../schemas/fence.ts'
import { createMemorySink } from '../tests/support/memory-sink.ts'
import { outputFrom, sampleRecord } from '../tests/support/sample-records.ts'
import { Assignment } from './assignment.ts'

const eventAt = (offset: number) => outputFrom(sampleRecord(offset), `row ${offset}`)

const offsetsOf = (events: readonly { origin: { offset: number } }[]) =>
  events.map(({ origin }) => origin.offset)

/** An assignment whose fence is raised when the test says so. */
function assigned() {
  const sink = createMemorySink<string>()
  let allow: (fence: Fence | undefined) => void = () => undefined
  let release: () => void = () => undefined
  let raises = 0
  const assignment = new Assignment({
    earlier: new Promise((resolve) => (release = resolve)),
    raiseFence: () => {
      raises++
      return new Promise((resolve) => (allow = resolve))
    },
    reads: sink,
  })
  const own = async () => {
    release()
    const fence = await sink.fence([0])
    // The fence is asked for one turn after the earlier owner is done.
    await new Promise((resolve) => setImmediate(resolve))
    allow(fence)
    await assignment.owned
    return fence
  }
  return { sink, assignment, own, release: () => release(), raises: () => raises }
}

describe('Assignment', () => {
  it('raises its fence after the earlier owner is done, and lets nothing through before', async () => {
    const { assignment, own, raises } = assigned()
    let isThrough = false
    const missing = assignment.missing([eventAt(0)]).then((events) => {
      isThrough = true
      return events
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect([raises(), isThrough]).toEqual([0, false])
    expect(() => assignment.fence).toThrow('only after the fence was raised')
    const fence = await own()
    expect(offsetsOf(await missing)).toEqual([0])
    expect(assignment.fence).toEqual(fence)
    const later = { ...fence, token: 'later' }
    assignment.raised(later)
    expect(assignment.fence).toEqual(later)
  })

  it('leaves out what the sink has, and claims each event once', async () => {
    const { sink, assignment, own } = assigned()
    const earlier = await sink.fence([0])
    await sink.write({ token: 'b', outputs: [eventAt(1)], deadLetters: [] }, earlier)
    await own()
    const events = [eventAt(0), eventAt(1), eventAt(2)]
    expect(offsetsOf(await assignment.missing(events))).toEqual([0, 2])
    expect(offsetsOf(await assignment.claim(events))).toEqual([0, 2])
    expect(await assignment.claim(events)).toEqual([])
    expect(await assignment.missing(events)).toEqual([])
  })

  it('gives nothing and takes no fence once it has ended', async () => {
    const { assignment, own } = assigned()
    const claimed = assignment.claim([eventAt(0)])
    assignment.end()
    await own()
    expect(assignment.hasEnded).toBe(true)
    expect(await claimed).toEqual([])
    expect(() => assignment.fence).toThrow()
  })

  it('keeps the state of each partition', () => {
    const { assignment } = assigned()
    expect(assignment.partition(3)).toBe(assignment.partition(3))
    expect(assignment.partition(3)).not.toBe(assignment.partition(4))
  })

  it('throws what raising the fence throws, to everyone who waits for it', async () => {
    const refused = new WinnowError('analytics_refused', 'no grant')
    const assignment = new Assignment({
      earlier: Promise.resolve(),
      raiseFence: () => Promise.reject(refused),
      reads: createMemorySink<string>(),
    })
    await expect(assignment.owned).rejects.toBe(refused)
    await expect(assignment.claim([eventAt(0)])).rejects.toBe(refused)
  })
})
