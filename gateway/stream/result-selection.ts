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

/** Equal for selections that select the same results, so that they are tested once. */
export function selectionKey({ label, source, model, version, text }: ResultSelection): string {
  return JSON.stringify([label, source, model, version, text?.toLowerCase()])
}
