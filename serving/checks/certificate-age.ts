// When `winnow doctor` warns about a certificate that is about to expire, whoever shows it.

/** A certificate that expires sooner is a warning. */
const daysMin = 14

/** The whole days that are left, and whether they are few. */
export function certificateAge(
  validToMs: number,
  nowMs = Date.now(),
): {
  readonly daysLeft: number
  readonly isShort: boolean
} {
  const daysLeft = Math.floor((validToMs - nowMs) / 86_400_000)
  return { daysLeft, isShort: daysLeft < daysMin }
}
