// Which texts are HTTP addresses, and the message for others.
import { describe, expect, it } from 'vitest'
import { isHttpUrl, urlProblem } from './http-url.ts'

describe('isHttpUrl', () => {
  it.each([
    ['http://localhost:8123', true],
    ['https://db.example/path?x=1', true],
    ['http://me:secret@[::1]:8123/', true],
    ['localhost:8123', false],
    ['db', false],
    ['ftp://db', false],
    ['http://', false],
    ['http:// db', false],
    ['http://db ', false],
    ['', false],
  ])('%j: %s', (text, expected) => {
    expect(isHttpUrl(text)).toBe(expected)
  })
})

describe('urlProblem', () => {
  it.each([
    ['localhost:8123', 'http://localhost:8123'],
    ['clickhouse', 'http://clickhouse'],
    ['10.0.0.7:8123/path', 'http://10.0.0.7:8123/path'],
    ['[::1]:8123', 'http://[::1]:8123'],
  ])('suggests the right value for %j', (text, right) => {
    expect(urlProblem(text)).toMatch(
      new RegExp(`the scheme is missing: write ${right.replace(/[[\]]/g, '.')}$`),
    )
  })

  it.each(['ftp://db', 'me:secret@db:8123', 'http:/db', 'a b', '', 'db:99999999'])(
    'gives only the rule for %j',
    (text) => {
      expect(urlProblem(text)).toBe('must be a URL that starts with http:// or https://')
    },
  )
})
