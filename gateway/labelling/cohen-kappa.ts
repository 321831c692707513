// How far two people agree beyond chance: Cohen's kappa (A coefficient of agreement for nominal
// scales, Educational and Psychological Measurement 20, 1960).

/** Two people on the same events: the counts from which the coefficient follows. */
export type AgreementCounts = {
  readonly events: number
  /** Events to which both gave the same label. */
  readonly agreeing: number
  /** How often each gave which label, on these events. */
  readonly labelsA: Readonly<Record<string, number>>
  readonly labelsB: Readonly<Record<string, number>>
}

/**
 * Kappa: 1 for full agreement, 0 for as much as chance gives, below 0 for less. Null without
 * events, and if both always gave one and the same label: then chance gives full agreement too.
 */
export function cohenKappa(counts: AgreementCounts): number | null {
  const { events, agreeing, labelsA, labelsB } = counts
  if (events === 0) return null
  const byChance = Object.entries(labelsA).reduce(
    (sum, [label, times]) => sum + (times / events) * ((labelsB[label] ?? 0) / events),
    0,
  )
  if (byChance === 1) return null
  return (agreeing / events - byChance) / (1 - byChance)
}
