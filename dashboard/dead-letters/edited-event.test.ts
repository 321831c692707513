import { expect, it } from 'vitest'
import { draftOf, eventOf } from './edited-event.ts'

it('lays a payload out, and takes anything else for the text', () => {
  expect(draftOf('{"text":"x","n":1}')).toBe('{\n  "text": "x",\n  "n": 1\n}')
  expect(JSON.parse(draftOf('{"text": "cut'))).toEqual({ text: '{"text": "cut' })
  expect(JSON.parse(draftOf('[1]'))).toEqual({ text: '[1]' })
  expect(JSON.parse(draftOf(null))).toEqual({ text: '' })
})

it('says what is wrong with an edited event', () => {
  expect(eventOf('{"text":"x"}')).toEqual({ text: 'x' })
  expect(() => eventOf('{')).toThrow('no valid JSON')
  expect(() => eventOf('[]')).toThrow('a JSON object')
})
