// What a run remembers of its options: plain values, with absolute paths of files on this machine.
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { requestOf } from './training-request.ts'

test('sources are absolute paths, apart from those that are none', () => {
  const data = ['a.csv', 's3://bucket/b.csv', '-']
  expect(requestOf({ data, test: 'c/*.csv', validation: 'topic:t' })).toEqual({
    data: [resolve('a.csv'), 's3://bucket/b.csv', '-'],
    test: resolve('c/*.csv'),
    validation: 'topic:t',
  })
})

test('fields are kept, and what JSON cannot hold is not', () => {
  const fields = { text: '{title}: {body}' }
  const asked = { fields, sheet: '2', signal: new AbortController().signal, json: true }
  expect(requestOf({ ...asked, data: [{ text: 'a', label: 'b' }] })).toEqual({ fields, sheet: '2' })
})
