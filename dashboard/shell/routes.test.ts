import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fragmentOf, routeOf, views } from './routes.ts'

it('finds every route again', () => {
  const word = fc.string({ minLength: 1 })
  const route = fc.record({
    view: fc.constantFrom(...views),
    id: word,
    query: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), word),
  })
  fc.assert(
    fc.property(route, (given) => {
      expect(routeOf(fragmentOf(given))).toEqual(given)
    }),
  )
})

it('leads to Live from anywhere unknown', () => {
  expect(['', '#', '#/', '#/nowhere', '#/%zz'].map((fragment) => routeOf(fragment).view)).toEqual(
    Array.from({ length: 5 }, () => 'live'),
  )
})

it('keeps slashes of an id and leaves out what is empty', () => {
  expect(routeOf('#/live/winnow.events/3/17?range=1h')).toEqual({
    view: 'live',
    id: 'winnow.events/3/17',
    query: { range: '1h' },
  })
  expect(fragmentOf({ view: 'runs', query: { kind: undefined, model: '' } })).toBe('#/runs')
})
