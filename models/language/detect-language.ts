// Identifies the language of a text with eld, which compares n-grams of bytes (60 languages). It
// runs in the process, without a network. It takes a second and 45 MB, so it is loaded on demand.

import { undetermined } from '../../schemas/languages.ts'

/** The language of a text as an ISO 639-1 code, or `und`. */
export type LanguageOf = (text: string) => string

/** The characters that are looked at, which bounds the time for a text of any length. */
const charactersMax = 1_000

/**
 * Loads the detector. A call takes about 0.1 ms, and at most a few milliseconds for any text. The
 * same text always has the same language.
 */
export async function loadLanguageDetector(): Promise<LanguageOf> {
  // Of the four sizes, the smallest that is as good as the largest on tests/fixtures/short-texts.
  const { eld } = await import('eld/small')
  return (text) => {
    const { language, isReliable } = eld.detect(words(text.slice(0, charactersMax)))
    return language !== '' && isReliable() ? language : undetermined
  }
}

/** The text without addresses, numbers and codes, which look like words of some language. */
function words(text: string): string {
  return text
    .split(/\s+/)
    .filter((word) => !(asciiOnly.test(word) && noWord.test(word)))
    .join(' ')
    .replace(noLetters, ' ')
}

/** Runs of them, such as apostrophes, take eld a time that grows with their square. */
const noLetters = /[^\p{L}\p{M}]{2,}/gu

const asciiOnly = /^[\x21-\x7e]+$/
const noWord = /[\d@]|:\/\/|^www\./
