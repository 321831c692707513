// Student's t distribution: its tail and its quantile, through the regularised incomplete beta
// function. Pure numbers; what they are used for is corrected-t.ts.

/** The probability that |T| is at least `t`, with `degrees` of freedom. */
export function twoSidedPValue(t: number, degrees: number): number {
  if (!Number.isFinite(t)) return 0
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 1 / 2)
}

/** The t that |T| exceeds with probability 1 - `confidence`. */
export function criticalT(confidence: number, degrees: number): number {
  const tail = 1 - confidence
  let [low, high] = [0, 1]
  while (twoSidedPValue(high, degrees) > tail) high *= 2
  // Halving ends at neighbouring floats, after some 60 steps.
  for (;;) {
    const middle = (low + high) / 2
    if (middle === low || middle === high) return middle
    if (twoSidedPValue(middle, degrees) > tail) low = middle
    else high = middle
  }
}

const termsMax = 300
const precision = 1e-15
/** Stands for 0 in a denominator. */
const tiny = 1e-300

/** I_x(a, b) by its continued fraction (NIST DLMF 8.17.22), with Lentz's method. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The fraction converges fast on this side of the mean only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const front = Math.exp(
    a * Math.log(x) + b * Math.log1p(-x) - (logGamma(a) + logGamma(b) - logGamma(a + b)),
  )
  let d = 0
  let c = 1
  let fraction = 1
  for (let term = 0; term < termsMax; term++) {
    const m = Math.floor(term / 2)
    const numerator =
      term === 0
        ? 1
        : term % 2 === 0
          ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
          : -((a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 + numerator * d
    if (Math.abs(d) < tiny) d = tiny
    d = 1 / d
    c = 1 + numerator / c
    if (Math.abs(c) < tiny) c = tiny
    fraction *= c * d
    if (Math.abs(1 - c * d) < precision) break
  }
  return (front * (fraction - 1)) / a
}

/** Lanczos's coefficients for g = 7. */
const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
] as const

/** The logarithm of the gamma function for z of at least 1/2 (Lanczos 1964). */
function logGamma(z: number): number {
  let sum: number = lanczos[0]
  for (let i = 1; i < lanczos.length; i++) sum += lanczos[i]! / (z - 1 + i)
  const base = z + 6.5
  return Math.log(2 * Math.PI) / 2 + (z - 0.5) * Math.log(base) - base + Math.log(sum)
}
