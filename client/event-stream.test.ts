import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EventParser } from './event-stream.ts'

it('joins lines of data, keeps the last id and skips comments', () => {
  const parser = new EventParser()
  const text = 'id: 7\nevent: result\ndata: a\ndata:b\n\n: beat\n\nretry: 3\ndata\n\nevent: x\n\n'
  expect([...parser.push(text)]).toEqual([
    { event: 'result', data: 'a\nb', id: '7' },
    { event: 'message', data: '', id: '7' },
  ])
})

it('reads the same events however the text is cut, with any end of line', () => {
  const ends = fc.constantFrom('\n', '\r\n', '\r')
  fc.assert(
    fc.property(ends, fc.array(fc.nat(60), { maxLength: 8 }), (end, cuts) => {
      const text = ['event: a', 'data: 1', '', 'id: 2', 'data: 2', '', 'data: 3', '', 'x'].join(end)
      const parser = new EventParser()
      const places = [...new Set([0, ...cuts, text.length])].sort((a, b) => a - b)
      const events = places.flatMap((place, at) => [
        ...parser.push(text.slice(place, places[at + 1] ?? text.length)),
      ])
      expect(events.map(({ event, data, id }) => [event, data, id])).toEqual([
        ['a', '1', undefined],
        ['message', '2', '2'],
        ['message', '3', '2'],
      ])
    }),
  )
})

it('refuses a line without an end', () => {
  expect(() => [...new EventParser().push('x'.repeat(9 * 1_024 * 1_024))]).toThrow(/too long/)
})
