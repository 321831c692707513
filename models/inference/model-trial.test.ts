// A clock set by hand stands for the time that a model takes.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ClassifyOutcome } from './classifier.ts'
import { tryBeside, tryModel } from './model-trial.ts'

/** A classifier that answers after `msPerToken`, and notes the lengths that it was asked. */
function classifierOf(options: { msPerToken?: number; failsAt?: number; throwsAt?: number } = {}) {
  const lengths: number[] = []
  const outcome = (length: number): ClassifyOutcome =>
    length === options.failsAt
      ? { kind: 'rejected', batchId: 0, error: { code: 'output_invalid', message: 'NaN at x' } }
      : {
          kind: 'ok',
          label: 'a',
          score: 1,
          labels: ['a'],
          outOfScope: 0,
          answeredBy: '',
          logits: new Float32Array(1),
          probabilities: new Float32Array(1),
          queueMs: 0,
          inferMs: 0,
          batchId: 0,
        }
  const raised = { times: 0 }
  const classifier = {
    raisePriority: () => {
      raised.times++
    },
    tokenize: () => ({ ids: Int32Array.of(101, 5, 6, 7, 102), truncated: false }),
    classifyWhenRoom: (ids: Int32Array) => {
      lengths.push(ids.length)
      expect([ids[0], ids.at(-1)]).toEqual([101, 102])
      if (ids.length === options.throwsAt) {
        return Promise.reject(new Error('no room in this session'))
      }
      vi.advanceTimersByTime((options.msPerToken ?? 0) * ids.length)
      return Promise.resolve({ result: Promise.resolve(outcome(ids.length)) })
    },
  }
  return { classifier, lengths, raised }
}

beforeAll(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterAll(() => void vi.useRealTimers())

const limits = { maxTokens: 64, slowdownMax: 5 }

describe('tryModel', () => {
  it('passes a good model after every length up to the longest', async () => {
    const { classifier, lengths } = classifierOf()
    const result = await tryModel(classifier, limits)
    expect(result.kind).toBe('passed')
    expect([...new Set(lengths)]).toEqual([3, 6, 12, 24, 48, 64])
  })

  it('refuses one whose numbers are not finite at some length only', async () => {
    const { classifier } = classifierOf({ failsAt: 48 })
    expect(await tryModel(classifier, limits)).toEqual({
      kind: 'failed',
      failure: { reason: 'not_finite', message: 'NaN at x' },
    })
  })

  it('refuses one that is slower than allowed, and only then', async () => {
    const slow = { ...limits, rivalUsPerToken: 1 }
    const result = await tryModel(classifierOf({ msPerToken: 0.05 }).classifier, slow)
    expect(result).toMatchObject({ kind: 'failed', failure: { reason: 'too_slow' } })
    const generous = { ...slow, slowdownMax: 1e6 }
    const passed = await tryModel(classifierOf({ msPerToken: 0.05 }).classifier, generous)
    expect(passed.kind).toBe('passed')
  })

  it('refuses one whose session fails', async () => {
    const { classifier } = classifierOf({ throwsAt: 12 })
    const failure = { reason: 'unloadable', message: 'no room in this session' }
    expect(await tryModel(classifier, limits)).toEqual({ kind: 'failed', failure })
  })
})

describe('tryBeside', () => {
  const { classifier, raised } = classifierOf({ msPerToken: 0.05 })

  it("takes the rival's pace as it is now before it calls a model too slow", async () => {
    const asked: string[] = []
    // On an idle machine the rival took 1 us per token; now, with other work, it takes as long as
    // this one.
    const paceOfRival = (when: 'known' | 'now'): Promise<number> => {
      asked.push(when)
      return Promise.resolve(when === 'known' ? 1 : 50)
    }
    expect((await tryBeside(classifier, { ...limits, paceOfRival })).kind).toBe('passed')
    expect(asked).toEqual(['known', 'now'])
    expect(raised.times).toBe(1)
  })

  it('passes one that keeps up in a later round, when the processor was busy before', async () => {
    let asked = 0
    const paceOfRival = (): Promise<number> => Promise.resolve(++asked < 5 ? 1 : 50)
    expect((await tryBeside(classifier, { ...limits, paceOfRival })).kind).toBe('passed')
    expect(asked).toBe(5)
  })

  it('refuses one that is too slow each time, and asks once where the first trial tells', async () => {
    const slow = await tryBeside(classifier, { ...limits, paceOfRival: () => Promise.resolve(1) })
    expect(slow).toMatchObject({ kind: 'failed', failure: { reason: 'too_slow' } })
    const asked: string[] = []
    const paceOfRival = (when: string): Promise<undefined> => {
      asked.push(when)
      return Promise.resolve(undefined)
    }
    expect((await tryBeside(classifier, { ...limits, paceOfRival })).kind).toBe('passed')
    expect(asked).toEqual(['known'])
  })
})
