import { Readable } from 'node:stream'

import { describe, expect, it } from 'vitest'

import { decoder, encoder, requestCoding, responseCoding } from './http-encoding.ts'

describe('responseCoding', () => {
  it.each([
    ['gzip', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['GZIP;q=0.5, identity', 'gzip'],
    ['gzip;q=0', undefined],
    ['lzma', undefined],
    [undefined, undefined],
  ])('%s: %s', (header, coding) => {
    expect(responseCoding(header)).toBe(coding)
  })
})

describe('requestCoding', () => {
  it.each([
    [undefined, undefined],
    ['identity', undefined],
    ['x-gzip', 'gzip'],
    ['br', 'br'],
    ['lz4', 'unknown'],
  ])('%s: %s', (header, coding) => {
    expect(requestCoding(header)).toBe(coding)
  })
})

it.each(['gzip', 'deflate', 'br', 'zstd'] as const)('%s round trip', async (coding) => {
  const text = 'the same text again '.repeat(1_000)
  const packed = Readable.from([Buffer.from(text)]).pipe(encoder(coding))
  const back = await packed.pipe(decoder(coding)).toArray()
  expect(Buffer.concat(back).toString()).toBe(text)
})
