// Headers that describe the value that a record had do not go on with another one; all others do.
import { expect, it } from 'vitest'
import { passedHeaders } from './passed-headers.ts'

const kept = {
  'x-shop': Buffer.from('berlin'),
  both: [Buffer.from('a'), Buffer.from('b')],
  __key_schema_id: Buffer.from('k'),
  'apicurio.key.globalId': Buffer.from('k'),
}
const contentType = { 'Content-Type': Buffer.from('application/json') }
const replaced = {
  traceparent: Buffer.from('old'),
  'winnow-origin': Buffer.from('x'),
  'winnow-attempt': Buffer.from('1'),
  __value_schema_id: Buffer.from('x'),
  'apicurio.value.globalId': Buffer.from('x'),
}

it('keeps what does not belong to the value', () => {
  const headers = { ...replaced, ...kept, ...contentType }
  expect(passedHeaders(headers, 'result')).toEqual(kept)
  expect(passedHeaders(headers, 'enriched')).toEqual({ ...kept, ...contentType })
  expect(passedHeaders(headers, 'same')).toEqual({ ...kept, ...contentType })
})

it('leaves out what is more than 64 KiB in all', () => {
  const large = { large: Buffer.alloc(65_000), list: [Buffer.alloc(500), Buffer.alloc(500)] }
  expect(passedHeaders({ ...large, ...kept }, 'same')).toEqual({ large: large.large, ...kept })
})

it('gives none where none is left', () => {
  expect(passedHeaders(replaced, 'result')).toBeUndefined()
  expect(passedHeaders(undefined, 'result')).toBeUndefined()
})
