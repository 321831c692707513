// Cohen's kappa in a word.

const words = [
  [0.8, 'almost perfect'],
  [0.6, 'substantial'],
  [0.4, 'moderate'],
  [0.2, 'fair'],
  [0, 'slight'],
] as const

/** The word of Landis and Koch (1977) for a kappa. */
export function kappaWord(kappa: number): string {
  return words.find(([from]) => kappa > from)?.[1] ?? 'worse than chance'
}
