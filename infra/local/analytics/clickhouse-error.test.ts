import { parseError } from '@clickhouse/client'
import { describe, expect, it } from 'vitest'

import { ClickHouseFailure, errorBody, failureOf, httpStatusOf } from './clickhouse-error.ts'

describe('failureOf', () => {
  it('parses code, name and text of an engine error', () => {
    const error = new Error(
      "Query failed: Code: 60. DB::Exception: Unknown table 't'. (UNKNOWN_TABLE)",
    )
    expect(failureOf(error)).toMatchObject({ code: 60, type: 'UNKNOWN_TABLE', httpStatus: 404 })
  })

  it('removes from the message what Winnow added to the statement', () => {
    const text =
      'Code: 27. DB::Exception: Code: 27. DB::Exception: Cannot parse: (at row 2)\n: While executing ' +
      'ParallelParsingBlockInputFormat: data for INSERT was parsed from query. ' +
      '(CANNOT_PARSE_INPUT_ASSERTION_FAILED)'
    expect(failureOf(new Error(text)).message).toBe('Cannot parse: (at row 2).')
    const syntax =
      "Code: 62. DB::Exception: Syntax error: failed at position 1: SELEC 1: In scope SELECT formatQuerySingleLine('SELEC 1'). (SYNTAX_ERROR)"
    expect(failureOf(new Error(syntax)).message).toBe('Syntax error: failed at position 1: SELEC 1')
  })

  it('reports a full disk under the exchanged files as the engine does', () => {
    const error = Object.assign(new Error('no space left on device, write'), { code: 'ENOSPC' })
    expect(failureOf(error)).toMatchObject({ code: 243, type: 'NOT_ENOUGH_SPACE' })
  })

  it('gives anything else the code of an unknown exception', () => {
    expect(failureOf('boom')).toMatchObject({ code: 1002, httpStatus: 500, message: 'boom' })
  })
})

describe('errorBody', () => {
  it('can be parsed by the official client', () => {
    const failure = new ClickHouseFailure(62, 'SYNTAX_ERROR', 'Syntax error: failed at (x).')
    const parsed = parseError(errorBody(failure, '26.7.2.1'))
    expect(parsed).toMatchObject({ code: '62', type: 'SYNTAX_ERROR' })
    expect(parsed.message).toBe('Syntax error: failed at (x). ')
  })
})

it.each([
  [60, 404],
  [62, 400],
  [241, 500],
  [159, 408],
  [202, 503],
  [497, 403],
])('httpStatusOf(%i) is %i', (code, status) => {
  expect(httpStatusOf(code)).toBe(status)
})
