// The note that goes with each committed offset: when it was committed. Kafka keeps such times to
// itself, so that without a note nobody could say since when a group has no members.

/** The metadata of an offset that is committed at this moment. Epoch milliseconds. */
export function commitNote(nowMs: number): string {
  return `winnow ${new Date(nowMs).toISOString()}`
}

/**
 * When an offset was committed, by its metadata; undefined for a commit that says nothing of it.
 */
export function committedAtMs(metadata: string | null | undefined): number | undefined {
  const [, time] = /^winnow (\S+)$/.exec(metadata ?? '') ?? []
  const ms = time === undefined ? NaN : Date.parse(time)
  return Number.isNaN(ms) ? undefined : ms
}
