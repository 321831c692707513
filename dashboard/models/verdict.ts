// What a comparison of two versions says, in words.
import type { VersionComparison } from '../api/answers.ts'
import { count, percent } from '../format/numbers.ts'

/** McNemar's test calls a difference real below this. */
const significant = 0.05

/** One sentence about how often the answers agree, and one about which version is better. */
export function comparisonWords(name: string, comparison: VersionComparison): string[] {
  const { events, agreement, judged } = comparison
  const [a, b] = [`${name}@${comparison.a}`, `${name}@${comparison.b}`]
  if (events === 0) {
    return [`No event was classified by both ${a} and ${b}. Run one of them as a shadow first.`]
  }
  const same = agreement === null ? '' : `, and ${percent(agreement)} got the same label`
  const words = [`${count(events)} events were classified by both${same}.`]
  if (judged === null || judged.labelled === 0) {
    return [...words, 'No person has labelled any of them, so nobody knows which is right.']
  }
  const { labelled, onlyARight, onlyBRight, pValue } = judged
  const better = onlyARight > onlyBRight ? a : b
  const worse = better === a ? b : a
  const [more, fewer] = [Math.max(onlyARight, onlyBRight), Math.min(onlyARight, onlyBRight)]
  const counts = `Of ${count(labelled)} with a known label, only ${better} is right on ${count(more)} and only ${worse} on ${count(fewer)}.`
  if (more === fewer) return [...words, counts, 'Neither is better.']
  const chance = pValue < 0.001 ? 'less than 0.1 %' : percent(pValue)
  return [
    ...words,
    counts,
    pValue < significant
      ? `${better} is better: chance alone would give such a difference in ${chance} of the cases (McNemar).`
      : `That may be chance: equally good versions would differ so much in ${chance} of the cases (McNemar). Label more events to tell.`,
  ]
}
