// The error for each kind of runtime failure.
import { expect, it } from 'vitest'
import { stepFailure } from './step-engine.ts'

const at = { during: 'step 7 of 90', batch: 32, tokens: 128 }

it.each([
  'std::bad_alloc',
  'bad allocation',
  'Failed to allocate memory for requested buffer of size 88',
  'Array buffer allocation failed',
])('"%s" counts as out of memory; the error says where, and what to lower', (message) => {
  expect(stepFailure(new Error(message), at)).toMatchObject({
    code: 'memory_exhausted',
    message: expect.stringMatching(/step 7 of 90 with 32 texts of 128 tokens.*--batch/) as string,
    details: at,
  })
})

it('passes on the message of any other failure', () => {
  const failure = stepFailure(new Error('Missing Input: lengths'), at)
  expect(failure).toMatchObject({ code: 'session_failed' })
  expect(failure.message).toContain('Missing Input: lengths')
})
