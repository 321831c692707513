// Options that can be repeated, and pairs of fields with templates that hold commas.
import { expect, test } from 'vitest'
import { collectFields, collectSources } from './file-options.ts'

test.each([
  ['text=body', { text: 'body' }],
  ['text=body,label=queue.name', { text: 'body', label: 'queue.name' }],
  ['text={title}, {body}, label=queue', { text: '{title}, {body}', label: 'queue' }],
  ['text={a}\\n\\n{b}', { text: '{a}\n\n{b}' }],
  ['attributes.team=team,attributes.by=a=b', { 'attributes.team': 'team', 'attributes.by': 'a=b' }],
])('%s', (written, fields) => {
  expect(collectFields(written, undefined)).toEqual(fields)
})

test('fields add up, and the last one counts', () => {
  expect(collectFields('label=b', collectFields('text=x,label=a', undefined))).toEqual({
    text: 'x',
    label: 'b',
  })
})

test.each(['', 'text', '=body', 'text='])('refuses %s', (written) => {
  expect(() => collectFields(written, undefined)).toThrow(/Write it like text=body/)
})

test('one source stays a string', () => {
  const one = collectSources('a.csv', undefined)
  expect(one).toBe('a.csv')
  expect(collectSources('c', collectSources('b', one))).toEqual(['a.csv', 'b', 'c'])
})
