// Parses references to models: NAME, NAME@VERSION or NAME@champion. models/store/version-store.ts
// finds the versions.
import { WinnowError } from '../../schemas/errors.ts'
import { nearestFew } from '../../schemas/nearest.ts'
import { modelNamePattern } from './manifest.ts'

/** A parsed reference; `default` means the champion if there is one, else the newest version. */
export type ModelRef =
  | { readonly kind: 'default'; readonly name: string }
  | { readonly kind: 'champion'; readonly name: string }
  | { readonly kind: 'version'; readonly name: string; readonly version: string }

/** Parses a reference. Throws WinnowError 'model_not_found' if it is invalid. */
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

/** A hint for a name that no model has: similar names, and the existing ones. */
export function namesHint(name: string, known: readonly string[]): string {
  const near = nearestFew(name, known, guessesMax)
  const guess = near.length === 0 ? '' : `Did you mean ${near.join(' or ')}? `
  const rest = known.length > knownMax ? ` and ${known.length - knownMax} more` : ''
  return `${guess}There are: ${known.slice(0, knownMax).join(', ')}${rest}.`
}

/** With more similar names than this, none is suggested. */
const guessesMax = 3

/** The most existing names to list, so that the message stays readable. */
const knownMax = 20
