// The metadata of each committed offset: when it was committed. Kafka does not expose commit times,
// so without this note nobody could tell how long a group has had no members.

/** The metadata of an offset that is committed at `nowMs` (epoch milliseconds). */
export function commitNote(nowMs: number): string {
  return `winnow ${new Date(nowMs).toISOString()}`
}

/**
 * When an offset was committed (epoch milliseconds), read from its metadata; undefined if the
 * metadata is not a note.
 */
export function committedAtMs(metadata: string | null | undefined): number | undefined {
  const [, time] = /^winnow (\S+)$/.exec(metadata ?? '') ?? []
  const ms = time === undefined ? NaN : Date.parse(time)
  return Number.isNaN(ms) ? undefined : ms
}
