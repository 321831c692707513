// Tokenizers of tests/fixtures/imports with the ids that the reference implementation gives. How
// they were made says tests/fixtures/make-imports.py.
import { readFileSync } from 'node:fs'
import { loadTokenizer, type Tokenizer } from '../../models/tokenizers/tokenizer.ts'

/** One text, or what it is made of, and its ids. */
export type ReferenceCase = {
  text?: string
  repeat?: string
  times?: number
  tail?: string
  maxTokens?: number
  ids: number[]
  truncated: boolean
}

/**
 * A JSON file below tests/fixtures/imports. It is not imported, since the bundler's JSON reader
 * refuses lone surrogates, which some cases are about.
 */
export function readFixture(path: string): unknown {
  return JSON.parse(readFileSync(fixture(path), 'utf8'))
}

export function referenceCases(path: string): ReferenceCase[] {
  return readFixture(path) as ReferenceCase[]
}

export function referenceTokenizer(kind: string): Tokenizer {
  return loadTokenizer({ json: readFileSync(fixture(`${kind}/tokenizer.json`)) })
}

/** What the tokenizer makes of a case. */
export function encodeCase(tokenizer: Tokenizer, reference: ReferenceCase) {
  const { text, repeat = '', times = 0, tail = '', maxTokens = 48 } = reference
  const { ids, truncated } = tokenizer.encode(text ?? repeat.repeat(times) + tail, { maxTokens })
  return { ids: Array.from(ids), truncated }
}

function fixture(path: string): URL {
  return new URL(`../fixtures/imports/${path}`, import.meta.url)
}
