import { expect, it } from 'vitest'
import { keyAction } from './keyboard.ts'

const press = (key: string) => keyAction({ key, isInField: false, hasModifier: false })

it('gives labels by number and actions by letter', () => {
  expect(press('3')).toEqual({ kind: 'label', at: 2 })
  const kinds = ['s', 'U', 'n', '/', '?'].map((key) => press(key)?.kind)
  expect(kinds).toEqual(['skip', 'undo', 'next', 'search', 'help'])
  expect(['0', 'x', 'Enter'].map(press)).toEqual([undefined, undefined, undefined])
})

it('leaves fields and the keys of the browser alone', () => {
  expect(keyAction({ key: 's', isInField: true, hasModifier: false })).toBeUndefined()
  expect(keyAction({ key: '1', isInField: false, hasModifier: true })).toBeUndefined()
})
