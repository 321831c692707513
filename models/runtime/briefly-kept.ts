// Keeps what was read for a short time: those who ask meanwhile share one answer, so that frequent
// requests read the store and the broker at a bounded rate.

/** A value that is read when it is asked for, and kept for a while. */
export type BrieflyKept<T> = {
  readonly read: () => Promise<T>
  /** The next call reads again. */
  readonly forget: () => void
}

/** Keeps what `read` returns for `msMax`; a failure is kept for nobody. */
export function keepBriefly<T>(
  read: () => Promise<T>,
  { msMax, nowMs = () => performance.now() }: { msMax: number; nowMs?: () => number },
): BrieflyKept<T> {
  let kept: { readonly value: Promise<T>; untilMs: number } | undefined
  return {
    read() {
      if (kept !== undefined && nowMs() < kept.untilMs) return kept.value
      const mine = { value: read(), untilMs: Infinity }
      kept = mine
      mine.value.then(
        () => (mine.untilMs = nowMs() + msMax),
        () => {
          if (kept === mine) kept = undefined
        },
      )
      return mine.value
    },
    forget() {
      kept = undefined
    },
  }
}
