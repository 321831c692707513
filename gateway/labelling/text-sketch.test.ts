import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { comparedCharactersMax, sketchOf, similarity } from './text-sketch.ts'

/** A text of random letters, the same for each seed. */
function words(seed: number, length: number): string {
  let state = seed
  const letters = Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return String.fromCharCode(97 + ((state >>> 8) % 26))
  })
  return letters.join('')
}

function exactly(a: string, b: string): number {
  const shingles = (text: string) =>
    new Set(Array.from({ length: text.length - 4 }, (_, at) => text.slice(at, at + 5)))
  const [one, other] = [shingles(a), shingles(b)]
  const shared = [...one].filter((shingle) => other.has(shingle)).length
  return shared / (one.size + other.size - shared)
}

const alike = (a: string, b: string) => similarity(sketchOf(a), sketchOf(b))

describe('similarity', () => {
  it('is 1 for texts that differ in case and white space only', () => {
    expect(alike('Where is  my parcel?', 'where is\nmy PARCEL? ')).toBe(1)
    expect(alike('hi', 'HI')).toBe(1)
    expect(alike('', ' ')).toBe(1)
  })

  it('is the share of the runs of characters in common', () => {
    // Each has two runs of five letters, and one of them is in both.
    expect(alike('amount', 'mounts')).toBeCloseTo(1 / 3, 12)
    expect(alike('where is my parcel', 'thanks for nothing')).toBe(0)
    expect(alike('hi', 'ho')).toBe(0)
  })

  it('compares the start of long texts only', () => {
    const long = words(1, comparedCharactersMax)
    expect(alike(long, `${long} with another end`)).toBe(1)
  })

  it('is close to the exact share for long texts', () => {
    for (const share of [0.1, 0.5, 0.9]) {
      const cut = Math.round(1_800 * share)
      const [a, b] = [words(1, 1_800), words(1, 1_800).slice(0, cut) + words(2, 1_800 - cut)]
      expect(Math.abs(alike(a, b) - exactly(a, b))).toBeLessThan(0.15)
    }
  })

  it('lies between 0 and 1, and is symmetric', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 })
    fc.assert(
      fc.property(text, text, (a, b) => {
        const value = alike(a, b)
        return value >= 0 && value <= 1 && value === alike(b, a) && alike(a, a) === 1
      }),
    )
  })
})
