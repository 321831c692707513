import { describe, expect, it } from 'vitest'

import { checkAccess } from './request-access.ts'

const credentials = { user: 'winnow', password: 'geheim:é' }
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
const local = { host: '127.0.0.1:8123', authorization: basic('winnow:geheim:é') }
const check = (headers: Parameters<typeof checkAccess>[0]) => checkAccess(headers, credentials)

describe('checkAccess', () => {
  it('accepts programs with the password', () => {
    expect(() => check(local)).not.toThrow()
    expect(() => check({ ...local, host: 'LOCALHOST:1', 'sec-fetch-site': 'none' })).not.toThrow()
    const own = { 'x-clickhouse-user': 'winnow', 'x-clickhouse-key': 'geheim:é' }
    expect(() => check({ host: '[::1]:8123', ...own })).not.toThrow()
  })

  it.each([
    {},
    { authorization: basic('winnow:') },
    { authorization: basic('winnow') },
    { authorization: basic('default:geheim:é') },
    { authorization: basic('winnow:geheim:é ') },
    { authorization: `Bearer ${credentials.password}` },
    { authorization: '', 'x-clickhouse-user': 'winnow' },
  ])('asks all others for the password: %j', (headers) => {
    const { host } = local
    expect(() => check({ host, ...headers })).toThrow(
      expect.objectContaining({ code: 516, httpStatus: 401 }),
    )
  })

  it.each([
    { origin: 'https://example.com' },
    { origin: 'null' },
    { origin: 'http://localhost:3000' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { host: 'rebound.example:8123' },
    { host: '' },
  ])('refuses web pages even with the password: %j', (headers) => {
    expect(() => check({ ...local, ...headers })).toThrow(
      expect.objectContaining({ code: 497, httpStatus: 403 }),
    )
  })
})
