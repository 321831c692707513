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

/** The candidates that `name` may have been meant to be, nearest first, at most three. */
export function nearNames(name: string, candidates: readonly string[]): string[] {
  const wanted = name.toLowerCase()
  return candidates
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(2, Math.floor(wanted.length / 3)))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}

// Levenshtein's distance, one row at a time; a name inside the other counts as near.
function distanceOf(a: string, b: string): number {
  if (a.length > 2 && (b.includes(a) || a.includes(b))) return 1
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
