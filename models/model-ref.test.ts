// References to models and the guesses for mistyped names.
import { expect, test } from 'vitest'
import { nearNames, parseModelRef } from './model-ref.ts'

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

test('near names are found nearest first, far ones are not', () => {
  const names = ['spam', 'spam-eu', 'intents', 'sentiment', 'spin']
  expect(nearNames('spma', names)).toEqual(['spam', 'spin'])
  expect(nearNames('SPAM', names)).toEqual(['spam', 'spam-eu', 'spin'])
  expect(nearNames('intent', names)).toEqual(['intents'])
  expect(nearNames('weather', names)).toEqual([])
})
