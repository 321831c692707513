// Refuses labels that no model has, so that a typing error does not become a class in the next
// training. The caller provides the known labels, once per request.
import { noneLabel } from '../../schemas/classification.ts'
import { nearestFew } from '../../schemas/nearest.ts'
import { itemErrorsMax, type ItemDefect } from '../http/problem.ts'

const suggestionsMax = 3
/**
 * Longer labels get no suggestion, and none is made among more labels than this. Together they
 * limit a suggestion to 30 ms of processor time at worst, and 2 ms among 1,000 labels of 20
 * characters.
 */
const suggestedCharactersMax = 64
const suggestedAmongMax = 2_000

/** Checks the labels of one request against `known`; without any known label all labels pass. */
export class UnknownLabels {
  readonly #known: ReadonlySet<string>
  #unchecked = 0
  #refused = 0

  constructor(known: ReadonlySet<string>) {
    this.#known = known
  }

  /**
   * What is wrong with a label, compared with the known ones; `isNew` if the request marks it as
   * new.
   */
  defectsOf(label: string | null, isNew: boolean): ItemDefect[] {
    if (label === noneLabel) {
      const message = `${noneLabel} stands for texts that fit no label, so it cannot be given as a label`
      return [{ code: 'label_unknown', field: 'label', message }]
    }
    if (label === null || isNew || this.#known.has(label)) return []
    // Half a surrogate pair is refused by another check.
    if (!label.isWellFormed()) return []
    if (this.#known.size === 0) {
      this.#unchecked += 1
      return []
    }
    this.#refused += 1
    // A problem document lists no more defects than these.
    const near = this.#refused > itemErrorsMax ? [] : nearLabels(label, this.#known)
    return [{ code: 'label_unknown', field: 'label', message: refusal(label, near) }]
  }

  /** Labels that were accepted because no label is known at all. */
  get unchecked(): number {
    return this.#unchecked
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
