// What a failure of a runtime is called.
import { expect, it } from 'vitest'
import { stepFailure } from './step-engine.ts'

const at = { during: 'step 7 of 90', batch: 32, tokens: 128 }

it.each([
  'std::bad_alloc',
  'bad allocation',
  'Failed to allocate memory for requested buffer of size 88',
  'Array buffer allocation failed',
])('"%s" is too little memory, and says where and what to lower', (message) => {
  expect(stepFailure(new Error(message), at)).toMatchObject({
    code: 'memory_exhausted',
    message: expect.stringMatching(/step 7 of 90 with 32 texts of 128 tokens.*--batch/) as string,
    details: at,
  })
})

it('anything else keeps its sentence', () => {
  const failure = stepFailure(new Error('Missing Input: lengths'), at)
  expect(failure).toMatchObject({ code: 'session_failed' })
  expect(failure.message).toContain('Missing Input: lengths')
})
