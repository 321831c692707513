import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { formParts, readBody } from './statement-body.ts'

/** A form as @clickhouse/client writes it; tests/integration sends forms with the real client. */
function formOf(parts: Record<string, string>): string {
  const sections = Object.entries(parts).map(
    ([name, value]) =>
      `------x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  return `${sections.join('')}------x--\r\n`
}

describe('formParts', () => {
  const contentType = 'multipart/form-data; boundary=----x'

  it('parses what the official client writes, whatever the values hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        fc.pre(!value.includes('----x'))
        const parts = { query: 'SELECT 1', param_a: value.toWellFormed() }
        const body = Buffer.from(formOf(parts))
        expect(Object.fromEntries(formParts(body, contentType))).toEqual(parts)
      }),
    )
  })

  it.each([
    ['no form', contentType],
    ['------x\r\nContent-Disposition: form-data\r\n\r\nv\r\n------x--\r\n', contentType],
    ['------x\r\nContent-Disposition: form-data; name="a"\r\n\r\ncut off', contentType],
    ['', 'multipart/form-data'],
  ])('refuses %j', (body, type) => {
    expect(() => formParts(Buffer.from(body), type)).toThrow(/multipart form/)
  })
})

describe('readBody', () => {
  const read = (bytesMax: number) => {
    const request = Object.assign(Readable.from([Buffer.from('abc'), Buffer.from('def')]), {
      headers: {},
    })
    return readBody(request as unknown as IncomingMessage, bytesMax)
  }

  it('accepts exactly the limit and not one byte more', async () => {
    expect((await read(6)).toString()).toBe('abcdef')
    await expect(read(5)).rejects.toMatchObject({ httpStatus: 413 })
  })
})
