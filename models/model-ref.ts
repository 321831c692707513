// References to models as people write them: NAME, NAME@VERSION or NAME@champion. Which versions
// exist is models/version-store.ts.
import { WinnowError } from '../schemas/errors.ts'
import { modelNamePattern } from './manifest.ts'

/** A parsed reference. `default` means the champion if there is one, else the newest version. */
export type ModelRef =
  | { readonly kind: 'default'; readonly name: string }
  | { readonly kind: 'champion'; readonly name: string }
  | { readonly kind: 'version'; readonly name: string; readonly version: string }

/** Parses a reference. Throws WinnowError 'model_not_found' when it cannot be one. */
export function parseModelRef(ref: string): ModelRef {
  const [name = '', version, ...rest] = ref.split('@')
  if (modelNamePattern.test(name) && rest.length === 0) {
    if (version === undefined) return { kind: 'default', name }
    if (version === 'champion') return { kind: 'champion', name }
    if (/^[1-9][0-9]{0,9}$/.test(version)) return { kind: 'version', name, version }
  }
  throw new WinnowError(
    'model_not_found',
    `'${ref}' is not a reference to a model: use NAME, NAME@VERSION (a number) or NAME@champion.`,
    { details: { ref } },
  )
}

/**
 * The candidates that `name` may have been meant to be, nearest first, at most three. One edit is allowed for every
 * three letters: a name of one or two letters is so near to others of its length that a guess would mislead.
 */
export function nearNames(name: string, candidates: readonly string[]): string[] {
  const wanted = name.toLowerCase()
  const editsMax = Math.floor(wanted.length / 3)
  if (editsMax === 0) return []
  return candidates
    .map((candidate) => ({ candidate, edits: editsBetween(wanted, candidate.toLowerCase()) }))
    .filter(({ edits }) => edits <= editsMax)
    .sort((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}

/** What to do about a name that no model has: the near names, and what there is. */
export function namesHint(name: string, known: readonly string[]): string {
  const near = nearNames(name, known)
  const guess = near.length === 0 ? '' : `Did you mean ${near.join(' or ')}? `
  const rest = known.length > knownMax ? ` and ${known.length - knownMax} more` : ''
  return `${guess}There are: ${known.slice(0, knownMax).join(', ')}${rest}.`
}

/** More names than this would hide what the sentence says. */
const knownMax = 20

// Damerau and Levenshtein's distance (optimal string alignment): two letters that changed places are one edit.
// A name inside the other counts as one edit too.
function editsBetween(a: string, b: string): number {
  if (b.length > 2 && (b.includes(a) || a.includes(b))) return a === b ? 0 : 1
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwapped ? before[j - 2]! + 1 : replaced
      next.push(Math.min(replaced, swapped, row[j]! + 1, next[j - 1]! + 1))
    }
    before = row
    row = next
  }
  return row[b.length]!
}
