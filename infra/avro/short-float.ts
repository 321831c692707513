// Numbers of 32 bits as people wrote them: 0.1, which such a number holds as 0.10000000149011612
// when it is read as one of 64 bits.

/** The number of fewest digits that rounds to the same number of 32 bits. */
export function shortFloat(value: number): number {
  if (Number.isInteger(value) || !Number.isFinite(value)) return value
  // Nine digits tell all numbers of 32 bits apart.
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(9))
}
