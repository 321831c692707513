// Refuses labels that no model has, so that a typing error does not become a class in the next
// training. The caller provides the known labels, once per request.
import { noneLabel } from '../schemas/classification.ts'
import { nearestFew } from '../schemas/nearest.ts'
import { itemErrorsMax, type ItemDefect } from './problem.ts'

/** Checks the labels of one request. */
export type UnknownLabels = {
  /**
   * What is wrong with a label, compared with the known ones; `isNew` if the request marks it as
   * new.
   */
  defectsOf(label: string | null, isNew: boolean): ItemDefect[]
  /** Labels that were accepted because no label is known at all. */
  readonly unchecked: number
}

const suggestionsMax = 3
/**
 * Longer labels get no suggestion, and none is made among more labels than this. Together they
 * limit a suggestion to 30 ms of processor time at worst, and 2 ms among 1,000 labels of 20
 * characters.
 */
const suggestedCharactersMax = 64
const suggestedAmongMax = 2_000

/** Creates a check against `known`; without any known label all labels pass. */
export function createUnknownLabels(known: ReadonlySet<string>): UnknownLabels {
  let unchecked = 0
  let refused = 0
  return {
    defectsOf(label, isNew) {
      if (label === noneLabel) {
        const message = `${noneLabel} stands for texts that fit no label, so it cannot be given as a label`
        return [{ code: 'label_unknown', field: 'label', message }]
      }
      if (label === null || isNew || known.has(label)) return []
      // Half a surrogate pair is refused by another check.
      if (!label.isWellFormed()) return []
      if (known.size === 0) {
        unchecked += 1
        return []
      }
      refused += 1
      // A problem document lists no more defects than these.
      const near = refused > itemErrorsMax ? [] : nearLabels(label, known)
      return [{ code: 'label_unknown', field: 'label', message: refusal(label, near) }]
    },
    get unchecked() {
      return unchecked
    },
  }
}

function nearLabels(label: string, known: ReadonlySet<string>): string[] {
  if (label.length > suggestedCharactersMax || known.size > suggestedAmongMax) return []
  return nearestFew(label, known, suggestionsMax)
}

function refusal(label: string, near: readonly string[]): string {
  const names = near.map((name) => JSON.stringify(name))
  const meant = names.length === 0 ? '' : `; did you mean ${names.join(' or ')}?`
  return (
    `no known model has the label ${JSON.stringify(shortened(label))}${meant || '.'} ` +
    'If it is meant to be new, send "newLabel": true with it'
  )
}

function shortened(label: string): string {
  return label.length > suggestedCharactersMax
    ? `${label.slice(0, suggestedCharactersMax)}…`
    : label
}
