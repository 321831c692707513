// Decides who may use the embedded engine's port: programs that know the stack's password. Web
// pages in the user's browser are refused as well, because they can reach loopback addresses.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

import { ClickHouseFailure } from './clickhouse-error.ts'

/** The user and password that requests must carry. */
export type Credentials = { user: string; password: string }

/**
 * Checks one request; every path and method needs the password.
 *
 * @throws ClickHouseFailure 516 (HTTP 401) without the right credentials, 497 (HTTP 403) for a
 * request that a web page sent.
 */
export function checkAccess(headers: IncomingHttpHeaders, credentials: Credentials): void {
  if (isFromWebPage(headers)) {
    throw new ClickHouseFailure(497, 'ACCESS_DENIED', 'Only local programs may use this server')
  }
  const given = givenCredentials(headers)
  const matches =
    isSame(given.user, credentials.user) && isSame(given.password, credentials.password)
  if (!matches) {
    const text =
      'Authentication failed: `winnow` reads user and password from stack.json of its state folder'
    throw new ClickHouseFailure(516, 'AUTHENTICATION_FAILED', text, { httpStatus: 401 })
  }
}

/**
 * Detects a web page by its scripts (Origin), images and forms (Sec-Fetch-Site), or a rebound name
 * (Host).
 */
function isFromWebPage(headers: IncomingHttpHeaders): boolean {
  const { host = '', origin } = headers
  const isLocal = (name: string) => /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(name)
  const site = headers['sec-fetch-site'] ?? 'none'
  return origin !== undefined || !isLocal(host) || (site !== 'none' && site !== 'same-origin')
}

/**
 * The credentials in the headers that ClickHouse supports: basic authentication, or its own two.
 */
function givenCredentials(headers: IncomingHttpHeaders): Credentials {
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '')?.[1]
  if (basic !== undefined) {
    const text = Buffer.from(basic, 'base64').toString('utf8')
    const colon = text.indexOf(':')
    return colon < 0
      ? { user: text, password: '' }
      : { user: text.slice(0, colon), password: text.slice(colon + 1) }
  }
  const header = (name: string) => {
    const value = headers[name]
    return typeof value === 'string' ? value : ''
  }
  return { user: header('x-clickhouse-user'), password: header('x-clickhouse-key') }
}

/**
 * Compares hashes, so that neither timing nor length reveals how much of the password was right.
 */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(expected))
}
