import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finish } from '../../models/runtime/sliced-work.ts'
import type { LabellingCandidate, LabellingReason } from '../../schemas/ports/labelling-reader.ts'
import { pickItems, reasonsOf } from './pick-items.ts'
import { sketchOf, similarity } from './text-sketch.ts'

function candidate(eventId: string, text: string): LabellingCandidate {
  return {
    ...{ eventId, text, source: '', label: 'ham', labels: ['ham'], score: 0.5 },
    ...{ probabilities: { ham: 0.5 }, outOfScope: null, model: 'mail', version: '1' },
    classifiedAtMs: 0,
  }
}

const group = (reason: LabellingReason, ...candidates: LabellingCandidate[]) => ({
  reason,
  candidates,
})
const parcel = candidate('a', 'where is my parcel, it should be here')
const parcelAgain = candidate('b', 'Where is my parcel, it should be here!')
const parcelToo = candidate('c', 'where is my parcel, please answer soon')
const refund = candidate('d', 'I want my money back')
const praise = candidate('e', 'thank you very much indeed')

const picked = (groups: Parameters<typeof pickItems>[0], limit: number) =>
  finish(pickItems(groups, limit)).map(({ reason, candidate: { eventId } }) => [eventId, reason])

describe('pickItems', () => {
  it('keeps the ranking, and gives texts that are almost the same once', () => {
    expect(picked([group('uncertain', parcel, parcelAgain, parcelToo, refund)], 3)).toEqual([
      ['a', 'uncertain'],
      ['c', 'uncertain'],
      ['d', 'uncertain'],
    ])
  })

  it('gives for diversity the text that is least like those before', () => {
    expect(picked([group('diverse', parcel, parcelAgain, parcelToo, refund, praise)], 9)).toEqual([
      ['a', 'diverse'],
      ['d', 'diverse'],
      ['e', 'diverse'],
      ['c', 'diverse'],
    ])
  })

  it('takes from each reason in turns, each event once, until all are empty', () => {
    const groups = [
      group('uncertain', parcel, refund),
      group('disagreement', refund, parcelAgain),
      group('out-of-scope'),
      group('diverse', parcel, parcelToo, praise),
    ]
    expect(picked(groups, 10)).toEqual([
      ['a', 'uncertain'],
      ['d', 'disagreement'],
      ['e', 'diverse'],
      ['c', 'diverse'],
    ])
    expect(picked(groups, 2)).toHaveLength(2)
    expect(picked([], 5)).toEqual([])
  })

  it('never gives an event twice or two near-identical texts, and at most the limit', () => {
    const text = fc.stringMatching(/^[ab]{0,8}$/)
    const many = fc.array(fc.tuple(fc.nat(20), text), { maxLength: 30 })
    const reason = fc.constantFrom<LabellingReason>('uncertain', 'diverse', 'out-of-scope')
    fc.assert(
      fc.property(
        fc.array(fc.tuple(reason, many)),
        fc.integer({ min: 1, max: 9 }),
        (all, limit) => {
          const groups = all.map(([why, ones]) =>
            group(why, ...ones.map(([id, words]) => candidate(`e-${id}`, words))),
          )
          const items = finish(pickItems(groups, limit))
          const pairs = items.flatMap((a, at) => items.slice(at + 1).map((b) => [a, b] as const))
          return (
            items.length <= limit &&
            pairs.every(
              ([a, b]) =>
                a.candidate.eventId !== b.candidate.eventId &&
                similarity(sketchOf(a.candidate.text), sketchOf(b.candidate.text)) < 0.9,
            )
          )
        },
      ),
    )
  })

  it('yields often enough for hundreds of long texts', () => {
    const texts = Array.from({ length: 300 }, (_, at) =>
      candidate(
        `e-${at}`,
        Array.from({ length: 300 }, (__, i) => `w${(at * 31 + i * 7) % 997}`).join(' '),
      ),
    )
    const work = pickItems([group('uncertain', ...texts), group('diverse', ...texts)], 100)
    let steps = 0
    while (work.next().done !== true) steps++
    expect(steps).toBeGreaterThan(1_500)
  })
})

describe('reasonsOf', () => {
  it('is every reason for mixed, else the one', () => {
    expect(reasonsOf('mixed')).toHaveLength(4)
    expect(reasonsOf('out-of-scope')).toEqual(['out-of-scope'])
  })
})
