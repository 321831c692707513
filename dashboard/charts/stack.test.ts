import { expect, it } from 'vitest'
import { labelSeries, stacked } from './stack.ts'

type Buckets = Parameters<typeof labelSeries>[0]

it('puts series on top of each other, and a gap counts nothing', () => {
  const series = [
    { name: 'a', colour: '', values: [1, null, 3] },
    { name: 'b', colour: '', values: [1, 1, null] },
  ]
  expect(stacked(series)).toEqual([
    [1, 0, 3],
    [2, 1, 3],
  ])
  expect(stacked([])).toEqual([])
})

it('tells the most frequent labels apart and adds up the others', () => {
  const buckets: Buckets = [
    { labels: { a: 1, b: 8, c: 2 } },
    { labels: { b: 2, d: 4 } },
    { labels: {} },
  ]
  const options = { labelsMax: 2, perSecond: 2, colourOf: (label: string) => `--${label}` }
  expect(labelSeries(buckets, options)).toEqual([
    { name: 'b', colour: '--b', values: [4, 1, 0] },
    { name: 'd', colour: '--d', values: [0, 2, 0] },
    { name: '2 other labels', colour: '--label-other', values: [1.5, 0, 0] },
  ])
})
