// Watches how many texts the small model of a cascade answers, and compares that with the share
// when the cascade was built. A share that moves away means that the texts have changed: then the
// bound of the build says nothing about them any more.
import type { Manifest } from '../store/manifest.ts'
import type { AnsweredBy } from '../../schemas/classification.ts'

/** The last texts whose answers count. */
const windowTexts = 5_000
/** So many texts before anything is compared. */
const comparedTextsMin = 1_000
/** The difference of the two shares that is reported; chance gives less than a fifth of it. */
const differenceMax = 0.1

/** Where the figures go. */
export type CascadeWatchOptions = {
  /** Counts a text by the model that answered. */
  readonly count: (answeredBy: AnsweredBy) => void
  /** The share that the small model answered of the last texts, and that of the build. */
  readonly shares: (shares: { readonly recent: number; readonly built: number }) => void
  readonly log: (line: string) => void
}

/** Starts watching one version. It returns what takes the answer of each text. */
export function watchCascade(
  { name, version, cascade }: Pick<Manifest, 'name' | 'version' | 'cascade'>,
  { count, shares, log }: CascadeWatchOptions,
): (answeredBy: AnsweredBy) => void {
  if (cascade === undefined) return () => undefined
  const built = cascade.answered
  const bySmall = new Uint8Array(windowTexts)
  let seen = 0
  let small = 0
  let isReported = false
  return (answeredBy) => {
    count(answeredBy)
    const place = seen++ % windowTexts
    const own = answeredBy === 'small' ? 1 : 0
    small += own - bySmall[place]!
    bySmall[place] = own
    const recent = small / Math.min(seen, windowTexts)
    shares({ recent, built })
    if (isReported || seen < comparedTextsMin || Math.abs(recent - built) <= differenceMax) return
    isReported = true
    log(
      `the small model of ${name}@${version} answers ${percent(recent)} of the last texts, and ` +
        `answered ${percent(built)} when the cascade was built: the texts have changed, so its bound ` +
        'may not hold. Build it again on newer texts with: winnow models cascade build',
    )
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
