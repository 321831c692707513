// Explains the texts of a file or of standard input, in order, one at a time.
import type { Explainer } from '../../models/explain/explain-text.ts'
import type { Explanation, ExplainRequest } from '../../models/explain/explanation.ts'
import { emptyLine, textRows, type EmptyLine, type TextRowsOptions } from './text-rows.ts'

/** One output line of `explain --data`. */
export type ExplainedLine = { readonly id: string } & Explanation

/** A text as it stands in the file, with its output line. */
export type ExplainedRow = { readonly text: string; readonly line: ExplainedLine | EmptyLine }

/** The options of `explainTexts`. */
export type ExplainTextsOptions = TextRowsOptions &
  Omit<ExplainRequest, 'text'> & {
    /** The caller closes it; it cleans as `clean` does. */
    readonly explainer: Pick<Explainer, 'explain'>
  }

/**
 * Yields one explanation per text, in order; an empty text gets an error in its place.
 *
 * @throws WinnowError `dataset_invalid`, which names file and line; `cancelled`; and as
 * Explainer.explain.
 *
 * @example
 * const input = { name: 'stdin', bytes: process.stdin }
 * for await (const { line } of explainTexts({ explainer, input })) {
 *   console.log(JSON.stringify(line))
 * }
 */
export async function* explainTexts(
  options: ExplainTextsOptions,
): AsyncGenerator<ExplainedRow, void, undefined> {
  const { explainer, label, method, signal } = options
  for await (const { id, given, isEmpty } of textRows(options)) {
    if (isEmpty) yield { text: given, line: emptyLine(id) }
    else {
      const explanation = await explainer.explain({ text: given, label, method }, { signal })
      yield { text: given, line: { id, ...explanation } }
    }
  }
}
