// The rows of a list for people: every suspicious example, each followed by the examples that the
// data rules took for the same. review-list.ts writes the table.
import type { Example } from '../files/source-row.ts'
import { duplicateKey } from '../data/split.ts'
import { labelCell, referenceCell, type ReviewRow } from './review-list.ts'
import type { SuspiciousLabel } from './suspicious-labels.ts'

/**
 * The rows of a list, the most suspicious first. `read` holds all examples of the source, also
 * those that are equal in text and label to a suspicious one and were left out of the check.
 * Without the path of a file, examples without an id are left out, because no correction could name
 * them.
 */
export function reviewRows(
  suspicious: readonly SuspiciousLabel[],
  { read, path }: { read: readonly Example[]; path: string | undefined },
): { rows: ReviewRow[]; unnamed: number } {
  const found = new Map<string, { label: SuspiciousLabel; equal: Example[] }>()
  for (const label of suspicious) {
    found.set(keyOf(label.text, labelCell(label.given)), { label, equal: [] })
  }
  for (const example of read) {
    const given = labelCell(example.labels ?? example.label)
    found.get(keyOf(example.text, given))?.equal.push(example)
  }
  const rows: ReviewRow[] = []
  let unnamed = 0
  for (const { label, equal } of found.values()) {
    // A set that lost a rare label to the data rules does not stand in the source as it was judged.
    if (equal.length === 0) unnamed++
    for (const { id, row, text } of equal) {
      const reference =
        path !== undefined
          ? row !== undefined && referenceCell({ kind: 'row', path, row })
          : id !== undefined && referenceCell({ kind: 'event', id })
      if (reference === false) unnamed++
      else {
        const [given, suggested] = [labelCell(label.given), labelCell(label.suggested)]
        rows.push({ reference, text, given, suggested, score: label.score })
      }
    }
  }
  return { rows, unnamed }
}

function keyOf(text: string, given: string): string {
  return JSON.stringify([duplicateKey(text), given])
}
