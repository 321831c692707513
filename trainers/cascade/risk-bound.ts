// How much accuracy a cascade may lose at most: exact binomial bounds on held-out texts.

/**
 * The upper confidence bound on a probability after `lost` of `texts` independent trials: the limit
 * of Clopper and Pearson (1934, Biometrika 26), one-sided. It is the largest probability at which
 * so few losses are not rarer than 1 - confidence.
 */
export function upperBound(
  { lost, texts }: { readonly lost: number; readonly texts: number },
  confidence: number,
): number {
  if (lost >= texts) return 1
  let [low, high] = [lost / texts, 1]
  // 60 halvings leave less than the distance of two doubles.
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (atMost(lost, { texts, probability: middle }) > 1 - confidence) low = middle
    else high = middle
  }
  return high
}

/** Whether the upper bound is at most `risk`; a single sum, for the tests of a sequence. */
export function isWithinRisk(
  { lost, texts }: { readonly lost: number; readonly texts: number },
  { risk, confidence }: { readonly risk: number; readonly confidence: number },
): boolean {
  return lost < texts && atMost(lost, { texts, probability: risk }) <= 1 - confidence
}

/** The fewest held-out texts with which a risk can be shown, if none of them is lost. */
export function textsNeeded(risk: number, confidence: number): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log1p(-risk))
}

/** The confidence with which so many texts can show a risk, if none of them is lost. */
export function confidenceOf(texts: number, risk: number): number {
  return 1 - (1 - risk) ** texts
}

/** The probability of at most `lost` losses. */
function atMost(
  lost: number,
  { texts, probability }: { readonly texts: number; readonly probability: number },
): number {
  if (probability <= 0) return 1
  if (probability >= 1) return 0
  // Terms as logarithms, so that the first ones do not vanish.
  let term = texts * Math.log1p(-probability)
  let sum = Math.exp(term)
  const odds = Math.log(probability) - Math.log1p(-probability)
  for (let k = 1; k <= lost; k++) {
    term += Math.log((texts - k + 1) / k) + odds
    sum += Math.exp(term)
  }
  return Math.min(1, sum)
}
