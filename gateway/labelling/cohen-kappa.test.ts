import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cohenKappa } from './cohen-kappa.ts'

/** The counts of a table: rows are the labels of one person, columns those of the other. */
function countsOf(table: readonly (readonly number[])[]) {
  const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0)
  const named = (values: readonly number[]) =>
    Object.fromEntries(values.map((value, at) => [`label-${at}`, value]))
  return {
    events: sum(table.map(sum)),
    agreeing: sum(table.map((row, at) => row[at]!)),
    labelsA: named(table.map(sum)),
    labelsB: named(table.map((_, at) => sum(table.map((row) => row[at]!)))),
  }
}

describe('cohenKappa', () => {
  it('gives the values of worked examples', () => {
    // Of 200 events 140 agree, and (120 * 100 + 60 * 60 + 20 * 40) / 200 = 82 would by chance.
    expect(
      cohenKappa(
        countsOf([
          [88, 14, 18],
          [10, 40, 10],
          [2, 6, 12],
        ]),
      ),
    ).toBeCloseTo((140 - 82) / (200 - 82), 12)
    // Of 50 events 35 agree, and (25 * 30 + 25 * 20) / 50 = 25 would by chance.
    expect(
      cohenKappa(
        countsOf([
          [20, 5],
          [10, 15],
        ]),
      ),
    ).toBeCloseTo(0.4, 12)
  })

  it('is 1 for the same labels, 0 by chance, and null where chance agrees fully', () => {
    expect(
      cohenKappa(
        countsOf([
          [5, 0],
          [0, 3],
        ]),
      ),
    ).toBe(1)
    expect(
      cohenKappa(
        countsOf([
          [4, 4],
          [4, 4],
        ]),
      ),
    ).toBe(0)
    expect(
      cohenKappa(
        countsOf([
          [0, 4],
          [4, 0],
        ]),
      ),
    ).toBe(-1)
    expect(
      cohenKappa(
        countsOf([
          [8, 0],
          [0, 0],
        ]),
      ),
    ).toBeNull()
    expect(cohenKappa(countsOf([[0]]))).toBeNull()
  })

  it('lies between -1 and 1, and is the same for both orders of two people', () => {
    const table = fc.array(fc.array(fc.nat(20), { minLength: 3, maxLength: 3 }), {
      minLength: 3,
      maxLength: 3,
    })
    fc.assert(
      fc.property(table, (rows) => {
        const counts = countsOf(rows)
        const kappa = cohenKappa(counts)
        const { labelsA, labelsB } = counts
        const turned = cohenKappa({ ...counts, labelsA: labelsB, labelsB: labelsA })
        if (kappa === null) return turned === null
        return kappa <= 1 && kappa >= -1 - 1e-9 && Math.abs(kappa - turned!) < 1e-12
      }),
    )
  })
})
