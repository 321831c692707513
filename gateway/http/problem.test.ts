// Every code has one status, and the documents reveal no more than they should.
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import {
  WinnowError,
  eventErrors,
  operationErrors,
  requestItemErrors,
} from '../../schemas/errors.ts'
import type { ErrorCode, OperationErrorCode } from '../../schemas/errors.ts'
import {
  ItemErrors,
  itemErrorsMax,
  problemResponse,
  problemSchema,
  statusByCode,
} from './problem.ts'

const operationCodes = Object.keys(operationErrors) as OperationErrorCode[]
const itemCodes = [...Object.keys(eventErrors), ...Object.keys(requestItemErrors)]
const allCodes = [...itemCodes, ...operationCodes] as ErrorCode[]

async function answerFor(error: unknown) {
  const app = new Hono().get('/', (c) => problemResponse(c, error, { requestId: 'r-1' }))
  const response = await app.request('/')
  const document = (await response.json()) as Record<string, unknown>
  return { response, document }
}

describe('statusByCode', () => {
  it('has exactly the codes of schemas/errors.ts', () => {
    expect(Object.keys(statusByCode).sort()).toEqual([...allCodes].sort())
  })

  it.each(operationCodes)('%s is 429, 503 or 504 exactly if a retry can help', (code) => {
    expect([429, 503, 504].includes(statusByCode[code])).toBe(operationErrors[code].retryable)
  })

  it.each(Object.keys(eventErrors) as (keyof typeof eventErrors)[])(
    '%s blames the event, not the gateway, unless the model failed',
    (code) => {
      expect(statusByCode[code] < 500).toBe(code !== 'output_invalid')
    },
  )
})

describe('problemResponse', () => {
  it.each(operationCodes)('answers %s with its status and a valid document', async (code) => {
    const { response, document } = await answerFor(new WinnowError(code, 'What happened'))
    expect(response.status).toBe(statusByCode[code])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(document).toMatchObject({
      type: `urn:winnow:error:${code}`,
      title: operationErrors[code].meaning,
      status: statusByCode[code],
      code,
      instance: 'urn:winnow:request:r-1',
    })
    expect(problemSchema.safeParse(document).error).toBeUndefined()
    expect(response.headers.has('retry-after')).toBe(response.status === 503)
    expect(response.headers.has('www-authenticate')).toBe(response.status === 401)
  })

  it("does not reveal messages of the gateway's clients", async () => {
    const error = new WinnowError('analytics_unavailable', 'http://10.0.0.7:8123 did not answer', {
      details: { url: 'http://10.0.0.7:8123' },
    })
    const { document } = await answerFor(error)
    expect(JSON.stringify(document)).not.toContain('10.0.0.7')
  })

  it('reports anything else that is thrown as internal, without its message', async () => {
    const { response, document } = await answerFor(new TypeError('password is hunter2'))
    expect(response.status).toBe(500)
    expect(document['code']).toBe('internal')
    expect(JSON.stringify(document)).not.toContain('hunter2')
  })

  it('does not let details replace members of the document', async () => {
    const details = { status: 200, code: 'x', limit: 5 }
    const { document } = await answerFor(new WinnowError('not_found', 'Nothing', { details }))
    expect(document).toMatchObject({ status: 404, code: 'not_found', limit: 5 })
  })
})

describe('ItemErrors', () => {
  it('counts items, not errors, and lists a limited number', () => {
    const found = new ItemErrors({ noun: 'events', consequence: 'nothing was published' })
    found.throwIfAny(500)
    const defect = { code: 'field_type' as const, message: 'wrong' }
    const many = Array.from({ length: 200_000 }, () => defect)
    for (let index = 0; index < 3; index += 1) found.add({ index }, many)
    expect(() => found.throwIfAny(500)).toThrow(
      expect.objectContaining({
        message: '3 of 500 events are invalid; nothing was published',
        details: {
          errors: Array.from({ length: itemErrorsMax }, () => ({ index: 0, ...defect })),
          errorsTotal: 600_000,
        },
      }),
    )
  })
})
