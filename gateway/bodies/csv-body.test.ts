// Tables as bodies: what a row becomes, and what makes a row or the whole body wrong.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finish } from '../../models/runtime/sliced-work.ts'
import { gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'
import { cutCsv } from './csv-body.ts'

function read(body: string | Buffer, { itemsMax = 10, attributesMax = 3 } = {}) {
  const cut = finish(cutCsv(Buffer.from(body), { itemsMax, attributesMax }))
  return Array.from({ length: cut.count }, (_, index) => {
    const item = cut.read(index)
    return item.kind === 'value' ? item.value : item.error.code
  })
}

describe('cutCsv', () => {
  it('makes an event of each row; other columns are attributes', () => {
    const body =
      '\ufeffid, text ,time,lang,,source\r\n' +
      'a,"Hello, ""you""\r\nthere",1700000000000,en,0,chat\r\n\r\n' +
      ',b,2025-01-31T12:00:00Z,,1,\r\n'
    expect(read(body)).toEqual([
      {
        id: 'a',
        text: 'Hello, "you"\r\nthere',
        time: 1_700_000_000_000,
        source: 'chat',
        attributes: { lang: 'en' },
      },
      { text: 'b', time: '2025-01-31T12:00:00Z' },
    ])
  })

  it('reads back what RFC 4180 writes', () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'é'),
      maxLength: 6,
    })
    const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 9 }), (rows) => {
        const meant = rows.filter((row) => row.some((value) => value.trim() !== ''))
        fc.pre(meant.length > 0)
        const body = [['text', 'more'], ...rows]
          .map((row) => row.map(quoted).join(','))
          .join('\r\n')
        expect(read(body)).toEqual(
          meant.map(([text, more]) => ({ text, ...(more !== '' && { attributes: { more } }) })),
        )
      }),
    )
  })

  it('names a row with another number of fields, and reads the others', () => {
    expect(read('text,lang\na,en\nb\nc,en,x\nd,de')).toEqual([
      { text: 'a', attributes: { lang: 'en' } },
      'row_ragged',
      'row_ragged',
      { text: 'd', attributes: { lang: 'de' } },
    ])
  })

  it.each([
    ['', /no event/],
    ['text\n', /no event/],
    ['a;text\n1;2', /separated by commas/],
    ['text,text\na,b', /"text" twice/],
    ['text\n"a', /Line 2: a quote is opened and never closed/],
    ['text\n"a"b', /Line 2: .* follows a closing quote/],
    ['text,a,b,c,d,e,f,g,h\n', /more than 8 fields/],
    [Buffer.from([0x74, 0xff]), /UTF-8/],
  ])('refuses %j', (body, message) => {
    expect(() => read(body)).toThrow(
      expect.objectContaining({
        code: 'body_invalid',
        message: expect.stringMatching(message) as string,
      }),
    )
  })

  it('stops at one row or field too many, without reading millions', () => {
    const startMs = performance.now()
    const code = (body: string) => {
      try {
        return read(body)
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(code(`text\n${'x\n'.repeat(1_000_000)}`)).toBe('batch_too_large')
    expect(code(`text\n${','.repeat(2_000_000)}`)).toBe('body_invalid')
    expect(performance.now() - startMs).toBeLessThan(4_000)
  })
})

describe('POST /v1/events', () => {
  it('takes CSV, and names a wrong row by its index and line', async () => {
    const gateway = gatewayUnderTest()
    const post = (body: string) =>
      gateway.post('/v1/events', body, {
        'content-type': 'text/csv; charset=utf-8; header=present',
      })
    const { status, json } = await post('id,text,lang\na,"one\nline",en\nb,two,de\n')
    expect([status, json['ids']]).toEqual([202, ['a', 'b']])
    expect(gateway.published).toEqual([
      { id: 'a', text: 'one\nline', attributes: { lang: 'en' } },
      { id: 'b', text: 'two', attributes: { lang: 'de' } },
    ])
    const wrong = await post('id,text,__proto__\na,"one\nline",\nb\nc,"",\nd,x,y')
    expect(wrong.status).toBe(422)
    expect(wrong.json['errors']).toMatchObject([
      { index: 1, line: 4, code: 'row_ragged' },
      { index: 2, line: 5, code: 'text_empty', field: 'text' },
      { index: 3, line: 6, code: 'field_type', field: 'attributes' },
    ])
    expect(gateway.published).toHaveLength(2)
  })
})
