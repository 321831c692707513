// The formats of a body, and what can be wrong with one.
import { describe, expect, it } from 'vitest'
import { finish } from '../../models/runtime/sliced-work.ts'
import { bodyFormat, cutBody, type BodyFormat, type BodyValue } from './event-body.ts'

/** Runs all steps at once. */
function read(body: string | Buffer, options: { format: BodyFormat; itemsMax?: number }) {
  const cut = finish(cutBody(Buffer.from(body), { itemsMax: 10, entriesMax: 20, ...options }))
  return Array.from({ length: cut.count }, (_, index) => cut.read(index))
}
const json = (text: string | Buffer, itemsMax = 10) => read(text, { format: 'json', itemsMax })
const ndjson = (text: string | Buffer, itemsMax = 10) => read(text, { format: 'ndjson', itemsMax })
const values = (items: readonly BodyValue[]) =>
  items.map((item) => (item.kind === 'value' ? item.value : item.error.code))

/** A request with these headers. */
function request(contentType: string | undefined, contentEncoding?: string) {
  const headers = { 'content-type': contentType, 'content-encoding': contentEncoding }
  return { header: (name: keyof typeof headers) => headers[name] }
}

describe('bodyFormat', () => {
  it.each([
    ['application/json', 'json'],
    ['Application/JSON; charset=UTF-8', 'json'],
    ['application/json; charset="utf-8"', 'json'],
    ['application/x-ndjson', 'ndjson'],
    ['application/ndjson', 'ndjson'],
    ['application/jsonl', 'ndjson'],
  ])('%s is %s', (contentType, format) => {
    expect(bodyFormat(request(contentType))).toBe(format)
  })

  it.each([
    [undefined, undefined],
    ['text/plain', undefined],
    ['application/x-www-form-urlencoded', undefined],
    ['application/json; charset=latin1', undefined],
    ['application/json', 'br'],
    ['application/json', 'gzip, gzip'],
    ['constructor', undefined],
  ])('refuses type %s with encoding %s', (contentType, contentEncoding) => {
    expect(() => bodyFormat(request(contentType, contentEncoding))).toThrow(
      expect.objectContaining({ code: 'media_type_unsupported' }),
    )
  })
})

describe('cutBody', () => {
  it.each([
    ['{"a":1}', [{ a: 1 }]],
    ['[{"a":1},2]', [{ a: 1 }, 2]],
    ['\ufeff{"a":1}', [{ a: 1 }]],
    ['{"a":1}\n{"b":2}', [{ a: 1 }, { b: 2 }]],
    ['{"a":1}\n{"b":', [{ a: 1 }, 'json_invalid']],
    ['{\n"a":1\n}', [{ a: 1 }]],
  ])('JSON %j', (text, expected) => {
    expect(values(json(text))).toEqual(expected)
  })

  it('reads lines, skips blank ones, and names the bad ones', () => {
    const body = Buffer.concat([
      Buffer.from('{"a":1}\r\n\n  \n{"b"\n'),
      Buffer.from([0x22, 0xff, 0x22, 0x0a]),
      Buffer.from('{"c":3}'),
    ])
    expect(values(ndjson(body))).toEqual([{ a: 1 }, 'json_invalid', 'utf8_invalid', { c: 3 }])
  })

  it.each([
    ['json', ''],
    ['json', '[]'],
    ['json', '{"a":'],
    ['json', '{"a":\n1'],
    ['json', '[1,2'],
    ['json', '[1,,2]'],
    ['json', '[1}'],
    ['json', '[1] 2'],
    ['json', '[{"a":"]'],
    ['json', '[\ufeff1]'],
    ['json', '{"a":1}{"b":2}'],
    ['ndjson', ''],
    ['ndjson', '\n \n'],
  ] as const)('refuses %s %j', (format, text) => {
    expect(() => read(text, { format })).toThrow(expect.objectContaining({ code: 'body_invalid' }))
  })

  it('says where JSON is invalid', () => {
    expect(() => json(`{"a": "${'x'.repeat(1_000)}" 1}`)).toThrow(/position 1009/)
  })

  it.each([
    ['array', () => json('[1,2,3,4]', 3)],
    ['lines', () => ndjson('1\n2\n3\n4', 3)],
    ['lines as JSON', () => json('1\n2\n3\n4', 3)],
  ])('counts the values of %s', (_, read) => {
    expect(read).toThrow(expect.objectContaining({ code: 'batch_too_large' }))
  })

  it('refuses a million lines without parsing them all', () => {
    const body = Buffer.from('x\n'.repeat(1_000_000))
    const start = performance.now()
    expect(() => ndjson(body, 10)).toThrow(expect.objectContaining({ code: 'batch_too_large' }))
    expect(performance.now() - start).toBeLessThan(1_000)
  })
})
