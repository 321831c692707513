import { describe, expect, it } from 'vitest'

import { addFormParts, readRequest } from './clickhouse-request.ts'

function read(query: string, from: { method?: string; headers?: Record<string, string> } = {}) {
  const url = new URL(`http://localhost/?${query}`)
  return readRequest({ method: from.method ?? 'POST', url, headers: from.headers ?? {} })
}

describe('readRequest', () => {
  it('sorts URL parameters by their meaning', () => {
    const request = read(
      'query=SELECT+1&query_id=q&database=d&param_a=1&max_threads=3&default_format=CSV&' +
        'wait_end_of_query=1&enable_http_compression=1&http_zlib_compression_level=2&role=r',
    )
    expect(request).toEqual({
      query: 'SELECT 1',
      queryId: 'q',
      database: 'd',
      parameters: new Map([['a', '1']]),
      settings: new Map([['max_threads', '3']]),
      session: undefined,
      defaultFormat: 'CSV',
      acceptsCompression: true,
    })
  })

  it('takes database and format from headers unless the URL names them', () => {
    const headers = { 'x-clickhouse-database': 'h', 'x-clickhouse-format': 'JSON' }
    expect(read('', { headers })).toMatchObject({ database: 'h', defaultFormat: 'JSON' })
    expect(read('database=u', { headers }).database).toBe('u')
  })

  it('makes a GET read-only', () => {
    expect(read('readonly=0', { method: 'GET' }).settings).toEqual(new Map([['readonly', '2']]))
  })

  it('reads sessions and refuses impossible timeouts', () => {
    const expected = { id: 's', timeoutMs: 5_000, mustExist: true }
    expect(read('session_id=s&session_timeout=5&session_check=1').session).toEqual(expected)
    expect(() => read('session_id=s&session_timeout=soon')).toThrow('session_timeout')
  })

  it('refuses ambiguous values', () => {
    expect(() => read('decompress=1')).toThrow('Content-Encoding')
    expect(read('compress=0').settings.size).toBe(0)
    expect(() => read('default_format=CSV%3B')).toThrow('Unknown format')
  })
})

describe('addFormParts', () => {
  it('adds statement and parameters, and refuses external tables', () => {
    const request = addFormParts(read('param_a=1'), [
      ['query', 'SELECT 2'],
      ['param_b', '2'],
    ])
    expect(request.query).toBe('SELECT 2')
    expect([...request.parameters]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
    expect(() => addFormParts(request, [['t', 'x']])).toThrow('External table')
  })
})
