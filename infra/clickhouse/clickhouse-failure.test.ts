// Which codes are final, and how an exception of the engine differs from other texts.
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { finalCodes } from './clickhouse-codes.ts'
import { analyticsError, answerError, engineException } from './clickhouse-failure.ts'

const errorOf = (code: number, type = 'X') =>
  analyticsError(
    'query',
    answerError({ status: 500, headers: {}, body: `Code: ${code}. DB::Exception: no. (${type})` }),
  )

describe('codes', () => {
  // One code per cause: restarts, overload, quotas, disks, replicas, Keeper, network, bugs, later
  // versions.
  it.each([
    3, 32, 33, 40, 49, 74, 75, 76, 95, 96, 107, 158, 159, 160, 173, 198, 201, 202, 203, 209, 210,
    216, 218, 225, 236, 241, 242, 243, 246, 252, 254, 265, 279, 285, 286, 289, 290, 307, 319, 341,
    364, 373, 389, 394, 410, 415, 425, 439, 473, 499, 517, 519, 529, 565, 571, 574, 600, 659, 677,
    700, 710, 722, 733, 735, 745, 749, 762, 776, 777, 778, 900, 999, 1000, 1001, 1002, 2999, 9999,
    0,
  ])('%d is retried', (code) => {
    expect(errorOf(code)).toMatchObject({ code: 'analytics_unavailable', retryable: true })
  })

  it.each([...finalCodes])('%d %s is final, also under another name', (code, name) => {
    expect(errorOf(code)).toMatchObject({
      code: 'analytics_refused',
      retryable: false,
      details: { clickhouseCode: code, clickhouseType: name },
    })
  })

  it('of size limits are marked, because a smaller block may pass', () => {
    expect(errorOf(241).details).toMatchObject({ smallerMayPass: true })
    expect(errorOf(252).details).not.toHaveProperty('smallerMayPass')
  })
})

describe('analyticsError', () => {
  it('returns a WinnowError unchanged, and says what failed for others', () => {
    const own = new WinnowError('cancelled', 'stopped')
    expect(analyticsError('x', own)).toBe(own)
    expect(analyticsError('ping', 'text').message).toBe(
      'ClickHouse did not answer when asked to ping: text',
    )
    expect(errorOf(60, 'UNKNOWN_TABLE').message).toBe(
      'ClickHouse refused to query: no. (UNKNOWN_TABLE, code 60)',
    )
    expect(errorOf(745, 'SERVER_OVERLOADED').message).toBe(
      'ClickHouse could not query for now: no. (SERVER_OVERLOADED, code 745)',
    )
  })

  it('marks failures that may be due to the size of a block, but not network failures', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    expect(analyticsError('x', refused).details).toEqual({})
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
    expect(analyticsError('x', reset).details).toEqual({ smallerMayPass: true })
    expect(analyticsError('x', new Error('Timeout error.')).details).toEqual({
      smallerMayPass: true,
    })
  })
})

describe('engineException', () => {
  it.each([
    ['Code: 60. DB::Exception: No t. (UNKNOWN_TABLE) (version 1)', 60, 'UNKNOWN_TABLE', 'No t.'],
    [
      'Code: 60, e.displayText() = DB::Exception: No t (version 20.3)',
      60,
      undefined,
      'No t (version 20.3)',
    ],
    [
      'Code: 279. DB::Exception: All failed. Log: Code: 516. DB::Exception: x. (AUTHENTICATION_FAILED) (ALL_FAILED)',
      ...([279, 'ALL_FAILED', expect.stringContaining('All failed')] as const),
    ],
    ['\nCode: 62. DB::Exception: (a)\nb. (SYNTAX_ERROR)', 62, 'SYNTAX_ERROR', '(a) b.'],
  ])('reads %j', (text, code, type, message) => {
    expect(engineException(text)).toEqual({ code, type, message })
  })

  it.each([
    '',
    'Ok.',
    'Error: Code: 60. DB::Exception: x (Y)',
    '{"a":1}',
    '{"exception":',
    'Code: x.',
  ])('finds none in %j', (text) => expect(engineException(text)).toBeUndefined())

  it('takes time linear in the text', () => {
    const startMs = performance.now()
    engineException(`Code: 1. ${'DB::Exception'.repeat(20_000)}`)
    answerError({ status: 502, headers: {}, body: '<'.repeat(65_536) })
    answerError({ status: 502, headers: {}, body: '<script'.repeat(9_000) })
    expect(performance.now() - startMs).toBeLessThan(1_000)
  })
})
