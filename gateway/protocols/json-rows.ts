// Writes long JSON arrays in steps, so that a large answer does not hold up other requests.
import type { Work } from '../../models/runtime/sliced-work.ts'

/** The JSON array of what `row` gives for each item; each is one step. */
export function* writeRows<T>(
  items: readonly T[],
  row: (item: T, at: number) => object,
): Work<string> {
  const rows: string[] = []
  for (const [at, item] of items.entries()) {
    yield
    rows.push(JSON.stringify(row(item, at)))
  }
  return `[${rows.join(',')}]`
}
