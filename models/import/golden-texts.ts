// The texts that check an import, and the comparison of results. original-run.ts and the serving
// path run the texts.
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { readJson } from './export-files.ts'

/** The largest allowed difference, relative to the expected number if that is above 1. */
export const goldenTolerance = 1e-4

const goldenSchema = z
  .array(
    z.looseObject({
      text: z.string(),
      /** The most probable label. */
      label: z.string().optional(),
      logits: z.array(z.number()).optional(),
      probabilities: z.array(z.number()).optional(),
      /** Token ids, special ones included. */
      ids: z.array(z.int()).optional(),
      truncated: z.boolean().optional(),
    }),
  )
  .min(1)
  .max(10_000)

/** A text and the results that the export's author gives for it; each result is optional. */
export type GoldenText = z.infer<typeof goldenSchema>[number]

/** Reads `golden.json` of an export. Throws WinnowError 'export_invalid'. */
export function readGolden(path: string): Promise<readonly GoldenText[]> {
  return readJson(path, goldenSchema)
}

/**
 * The texts that every import is run on: short and long, several scripts, marks, emoji, and an
 * empty one. The last one is longer than any model reads, to try the longest input of the graph.
 */
export const fixedTexts: readonly string[] = [
  'Where is my parcel? It should have been here on Monday.',
  "I don't like it at all, and I want my money back!",
  'FREE $$$ prizes: call 0800-123 456 now',
  'a',
  '',
  'Z\u00fcrich na\u00efve cafe\u0301 \u0130stanbul Stra\u00dfe \u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2',
  '\u4f60\u597d\uff0c\u4e16\u754c\uff01 \u6771\u4eac\u30bf\u30ef\u30fc \ud55c\uad6d\uc5b4',
  '\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u0645\u0631\u062d\u0628\u0627 \u0928\u092e\u0938\u094d\u0924\u0947',
  'great \u{1f600}\u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u2764\ufe0f  two  spaces\tand\n\nlines',
  'the same words again and again '.repeat(2_000),
]

/** The results of a model for a text. */
export type Given = { readonly ids: readonly number[]; readonly logits: readonly number[] }

/**
 * Compares results with `golden.json`. Throws 'golden_mismatch', which names the first text.
 */
export function compareGolden(
  golden: GoldenText,
  given: Given & {
    truncated: boolean
    label: string
    probabilities: readonly number[]
  },
): void {
  const { text, ids, truncated, label } = golden
  if (ids !== undefined && !sameIds(ids, given.ids)) {
    throw mismatch(text, { what: 'token ids', expected: ids, found: given.ids })
  }
  if (truncated !== undefined && truncated !== given.truncated) {
    throw mismatch(text, { what: 'truncated', expected: truncated, found: given.truncated })
  }
  for (const what of ['logits', 'probabilities'] as const) {
    const expected = golden[what]
    if (expected === undefined) continue
    const found = given[what]
    if (expected.length === found.length && largestDifference(expected, found) <= goldenTolerance) {
      continue
    }
    throw mismatch(text, { what, expected, found })
  }
  if (label !== undefined && label !== given.label) {
    throw mismatch(text, { what: 'label', expected: label, found: given.label })
  }
}

/** The largest difference of two rows, relative to the expected number if that is above 1. */
export function largestDifference(expected: readonly number[], found: readonly number[]): number {
  return expected.reduce((largest, number, i) => {
    const difference = Math.abs((found[i] ?? NaN) - number) / Math.max(1, Math.abs(number))
    return Number.isNaN(difference) ? Infinity : Math.max(largest, difference)
  }, 0)
}

/** The error for a text whose results differ. */
export function mismatch(
  text: string,
  { what, expected, found }: { what: string; expected: unknown; found: unknown },
): WinnowError {
  const start = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return new WinnowError(
    'golden_mismatch',
    `For the text ${JSON.stringify(start)}: ${what} ${shown(expected)} expected, but ` +
      `got ${shown(found)}.`,
    { details: { text, what, expected, found } },
  )
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

function sameIds(expected: readonly number[], found: readonly number[]): boolean {
  return expected.length === found.length && expected.every((id, i) => id === found[i])
}
