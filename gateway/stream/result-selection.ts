// Which results one reader of GET /v1/stream gets.
import type { StreamedResult } from './stream-event.ts'

/** The results that a reader asks for; an absent field selects all. */
export type ResultSelection = {
  readonly label?: string | undefined
  readonly source?: string | undefined
  readonly model?: string | undefined
  readonly version?: string | undefined
  /** Part of the text, in upper or lower case. */
  readonly text?: string | undefined
  /** Whether the reader sees texts masked. */
  readonly isMasked?: boolean
}

/** The test for one selection. */
export function selects(selection: ResultSelection): (one: StreamedResult) => boolean {
  const fields = (['label', 'source', 'model', 'version'] as const).filter(
    (field) => selection[field] !== undefined,
  )
  const part = selection.text?.toLowerCase()
  return ({ result, lowerText }) =>
    fields.every((field) => selection[field] === result[field]) &&
    (part === undefined || lowerText.includes(part))
}

/** Equal for selections whose readers get the same bytes, so that these are made once. */
export function selectionKey(selection: ResultSelection): string {
  const { label, source, model, version, text, isMasked } = selection
  return JSON.stringify([label, source, model, version, text?.toLowerCase(), isMasked])
}
