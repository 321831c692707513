// Which candidate is chosen: by means, by noise and by cost.
import { expect, it } from 'vitest'
import { candidatesOf, type BaseShape, type Candidate } from './candidate.ts'
import { chooseCandidate } from './choose-candidate.ts'

const small: BaseShape = { name: 'small', layers: 6, hidden: 384, isStored: true }
const large: BaseShape = { ...small, name: 'large', layers: 12 }
const folds = Array.from({ length: 5 }, () => ({ trained: 80, tested: 20 }))

const judged = (method: Candidate['method'], base: BaseShape, values: number[]) => ({
  method,
  base,
  values,
})

it('takes the best where it leads by more than noise', () => {
  const head = judged('head', small, [0.8, 0.81, 0.79, 0.8, 0.82])
  const full = judged('full', small, [0.9, 0.9, 0.88, 0.91, 0.9])
  const { best, chosen, differences, reason } = chooseCandidate([full, head], folds)
  expect([best, chosen]).toEqual([full, full])
  expect(differences.get(head)!.mean).toBeCloseTo(-0.094)
  expect(differences.get(full)).toEqual({ mean: 0, standardError: 0 })
  expect(reason).toContain('no cheaper one')
})

it('takes the cheapest within one corrected standard error of the best', () => {
  // The differences are 0.01 on average, with a deviation of 0.0158 and a standard error of
  // sqrt(1 / 5 + 1 / 4) * 0.0158 = 0.0106. Without the correction it would be 0.0071.
  const head = judged('head', small, [0.8, 0.8, 0.8, 0.8, 0.8])
  const full = judged('full', small, [0.79, 0.8, 0.81, 0.82, 0.83])
  const partial = judged('partial', small, [0.79, 0.8, 0.81, 0.82, 0.829])
  const { best, chosen, differences, reason } = chooseCandidate([full, partial, head], folds)
  expect(best).toBe(full)
  expect(differences.get(head)!.standardError).toBeCloseTo(0.0106, 4)
  expect(chosen).toBe(head)
  expect(reason).toBe(
    'It is 1.0 points below the best (full, small), within one standard error (1.1), and cheaper.',
  )
})

it('counts what classifying costs before what training costs', () => {
  const values = [0.8, 0.8, 0.8]
  const headOfLarge = judged('head', large, values)
  const fullOfSmall = judged('full', small, values)
  expect(chooseCandidate([headOfLarge, fullOfSmall], folds).chosen).toBe(fullOfSmall)
})

it('tries stored bases first, then the cheapest training, and parts of several layers only', () => {
  const tiny: BaseShape = { ...small, name: 'tiny', layers: 1, hidden: 64 }
  const absent: BaseShape = { ...tiny, name: 'absent', isStored: false }
  const names = candidatesOf([absent, small, large, tiny]).map(({ method, base }) => [
    method,
    base.name,
  ])
  expect(names).toEqual([
    ['head', 'tiny'],
    ['full', 'tiny'],
    ['head', 'small'],
    ['head', 'large'],
    ['partial', 'small'],
    ['full', 'small'],
    ['partial', 'large'],
    ['full', 'large'],
    ['head', 'absent'],
    ['full', 'absent'],
  ])
})
