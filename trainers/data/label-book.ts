// Decides which label people gave an event. The latest statement of each person counts, unless it
// is a retraction; of several people, the latest statement wins. The view event_labels is the same
// in SQL.

/** One person's statement about an event; a null `label` retracts the person's earlier one. */
export type LabelStatement = {
  readonly eventId: string
  readonly label: string | null
  readonly by: string
  readonly timeMs: number
  /** Breaks ties of time: [partition, offset] of the record. */
  readonly at: readonly [number, number]
}

/** All statements so far; memory grows by about 200 bytes per labelled event. */
export class LabelBook {
  readonly #byEvent = new Map<string, LabelStatement[]>()

  /** Adds a statement; statements may arrive in any order. */
  add(statement: LabelStatement): void {
    const statements = this.#byEvent.get(statement.eventId)
    if (statements === undefined) {
      this.#byEvent.set(statement.eventId, [statement])
      return
    }
    const same = statements.findIndex(({ by }) => by === statement.by)
    if (same < 0) statements.push(statement)
    else if (isLater(statement, statements[same]!)) statements[same] = statement
  }

  /** The label that counts, or undefined if there is none or it was retracted. */
  labelOf(eventId: string): string | undefined {
    let latest: LabelStatement | undefined
    for (const statement of this.#byEvent.get(eventId) ?? []) {
      if (statement.label === null) continue
      if (latest === undefined || isLater(statement, latest)) latest = statement
    }
    return latest?.label ?? undefined
  }
}

function isLater(a: LabelStatement, b: LabelStatement): boolean {
  return a.timeMs - b.timeMs > 0 || (a.timeMs === b.timeMs && compareAt(a, b) > 0)
}

function compareAt({ at: [p, o] }: LabelStatement, { at: [q, r] }: LabelStatement): number {
  return p - q || o - r
}
