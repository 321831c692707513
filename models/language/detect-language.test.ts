// The language of short texts, of which each line of tests/fixtures/short-texts.json is one that a
// customer might write.
import { readFile } from 'node:fs/promises'
import { beforeAll, expect, test } from 'vitest'
import { languageCodes } from '../../schemas/languages.ts'
import { loadLanguageDetector, type LanguageOf } from './detect-language.ts'

let languageOf: LanguageOf
beforeAll(async () => {
  languageOf = await loadLanguageDetector()
})

test('tells 17 languages by one short sentence', async () => {
  const path = new URL('../../tests/fixtures/short-texts.json', import.meta.url)
  const texts = JSON.parse(await readFile(path, 'utf8')) as Record<string, string[]>
  const wrong = Object.entries(texts).flatMap(([language, own]) =>
    own.filter((text) => languageOf(text) !== language).map((text) => [language, text]),
  )
  expect(Object.values(texts).flat()).toHaveLength(136)
  // Portuguese that is Spanish too, and three words of Ukrainian.
  expect(wrong).toEqual([
    ['pt', 'Falta o sapato esquerdo'],
    ['uk', 'Де моя посилка?'],
  ])
})

test('the detector has the languages that settings may name, but for und', async () => {
  const { eld } = await import('eld/small')
  const codes = languageCodes.filter((code) => code !== 'und')
  expect(Object.values(eld.info().Languages).sort()).toEqual(codes)
})

test.each([
  '',
  ' ',
  '12345',
  '😀😀',
  'ok',
  'Hi!',
  'https://example.com/where-is-it',
  'a@example.org',
])('does not guess %s', (text) => {
  expect(languageOf(text)).toBe('und')
})

test('addresses and numbers do not count', () => {
  expect(languageOf('Bestellung AB-123 fehlt noch, siehe https://shop.example/orders')).toBe('de')
  expect(languageOf('注文12345がまだ届きません')).toBe('ja')
})

test.each([
  ['one word', 'a'.repeat(5_000_000)],
  ['apostrophes', "'".repeat(5_000_000)],
  ['words', 'ab '.repeat(2_000_000)],
  ['halves of pairs', '\ud800'.repeat(1_000_000)],
  ['names of properties', '__proto__ constructor toString '.repeat(10)],
])('takes bounded time for any text: %s', (_, text) => {
  const startMs = performance.now()
  for (let i = 0; i < 10; i++) languageOf(text)
  expect((performance.now() - startMs) / 10).toBeLessThan(50)
})
