// References to models and the guesses for mistyped names.
import { expect, test } from 'vitest'
import { namesHint, parseModelRef } from './model-ref.ts'

test('the three forms of a reference', () => {
  expect(parseModelRef('spam')).toEqual({ kind: 'default', name: 'spam' })
  expect(parseModelRef('spam@champion')).toEqual({ kind: 'champion', name: 'spam' })
  expect(parseModelRef('Spam.v2_x-1@12')).toEqual({
    kind: 'version',
    name: 'Spam.v2_x-1',
    version: '12',
  })
})

test.each([
  '',
  '@1',
  'spam@',
  'spam@0',
  'spam@01',
  'spam@-1',
  'spam@newest',
  'a@1@2',
  '../a',
  'a/b',
  '.a',
  'a b',
])("'%s' is no reference", (ref) => {
  expect(() => parseModelRef(ref)).toThrow(
    expect.objectContaining({
      code: 'model_not_found',
      message: expect.stringContaining(`'${ref}'`),
    }),
  )
})

test('the hint guesses where a name is near, and says what there is', () => {
  expect(namesHint('spma', ['intents', 'spam'])).toBe(
    'Did you mean spam? There are: intents, spam.',
  )
  expect(namesHint('x', ['ab'])).toBe('There are: ab.')
  const many = Array.from({ length: 23 }, (_, number) => `n${number}`)
  expect(namesHint('weather', many)).toMatch(/n19 and 3 more\.$/)
})
