import { expect, it } from 'vitest'
import { connectionProblem } from './connection-problem.ts'

const failure = (fields: object, message = 'internal words') =>
  Object.assign(new Error(message), fields)

it.each([
  [
    failure({ code: 'ECONNREFUSED', address: '127.0.0.1', port: 9 }),
    '127.0.0.1:9: nothing listens there',
  ],
  [failure({ code: 'ENOTFOUND', hostname: 'kafka' }), 'kafka: there is no host of that name'],
  [failure({ code: 'ECONNREFUSED', broker: 'b:9092' }), 'b:9092: nothing listens there'],
  [failure({ code: 'ECONNRESET' }), 'it closed the connection'],
  [new DOMException('The operation was aborted', 'TimeoutError'), 'it did not answer in time'],
  [
    new TypeError('fetch failed', {
      cause: failure({ code: 'ECONNREFUSED', address: '::1', port: 9 }),
    }),
    '::1:9: nothing listens there',
  ],
  [
    new TypeError('fetch failed', {
      cause: new AggregateError([failure({ code: 'ECONNREFUSED', address: '127.0.0.1', port: 9 })]),
    }),
    '127.0.0.1:9: nothing listens there',
  ],
  [failure({}, 'certificate has expired'), 'certificate has expired'],
  ['text', 'text'],
])('%s', (cause, words) => {
  expect(connectionProblem(cause)).toBe(words)
})
