// The share of a cascade's small model: counted in a window, compared with the build, reported once.
import { expect, it } from 'vitest'
import type { AnsweredBy } from '../../schemas/classification.ts'
import type { CascadeSection } from '../store/cascade-section.ts'
import { watchCascade } from './cascade-watch.ts'

function watched() {
  const lines: string[] = []
  const counts = { small: 0, full: 0, '': 0 }
  let shares = { recent: Number.NaN, built: Number.NaN }
  const options = {
    count: (by: AnsweredBy) => (counts[by] += 1),
    shares: (found: typeof shares) => (shares = found),
    log: (line: string) => lines.push(line),
  }
  const cascade = { answered: 0.7 } as CascadeSection
  const watch = watchCascade({ name: 'mail', version: '2', cascade }, options)
  const feed = (texts: number, small: number): void => {
    for (let text = 0; text < texts; text++) watch(text % 100 < small ? 'small' : 'full')
  }
  return { feed, lines, counts, shares: () => shares, options }
}

it('counts by model and gives the share of the last texts', () => {
  const { feed, counts, shares, lines } = watched()
  feed(2_000, 70)
  expect(counts).toEqual({ small: 1_400, full: 600, '': 0 })
  expect(shares()).toEqual({ recent: 0.7, built: 0.7 })
  expect(lines).toEqual([])
})

it('forgets texts beyond the window, and reports a share that moved once', () => {
  const { feed, shares, lines } = watched()
  feed(5_000, 70)
  feed(5_000, 40)
  expect(shares().recent).toBeCloseTo(0.4)
  feed(1_000, 40)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/mail@2 answers \d+ % .* 70 % when the cascade was built/)
})

it('compares nothing before there are enough texts, and leaves other versions alone', () => {
  const { feed, lines, counts, options } = watched()
  feed(999, 0)
  watchCascade({ name: 'mail', version: '9', cascade: undefined }, options)('')
  expect(lines).toEqual([])
  expect(counts['']).toBe(0)
})
