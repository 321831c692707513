import { expect, it } from 'vitest'
import { eventErrors } from '../../schemas/errors.ts'
import { codeMeaning } from './code-meanings.ts'

it('explains every code that an event can be rejected with', () => {
  expect(Object.keys(eventErrors).filter((code) => codeMeaning(code) === '')).toEqual([])
})
