// How an explanation was found, in words, and its figures as text; for the terminal and for HTML.
import { counted } from '../../schemas/counted.ts'
import type { Explanation } from './explanation.ts'

/** The method with what it compares, and how far it got. */
export function methodText(explanation: Explanation): string {
  const { method, steps, permutations, completenessGap, baseline } = explanation
  switch (method) {
    case 'integrated-gradients': {
      const gap = `${(100 * (completenessGap ?? 0)).toFixed(2)} %`
      return `integrated gradients: ${steps} steps, completeness gap ${gap}`
    }
    case 'occlusion':
      return `occlusion: words ${hiddenText(baseline)} one at a time`
    case 'shapley': {
      const errors = explanation.words.map(({ standardError = 0 }) => standardError)
      const error = Math.max(0, ...errors).toFixed(3)
      const hidden = `words ${hiddenText(baseline)}`
      return `shapley: ${hidden} in ${counted(permutations ?? 0, 'order')}, standard error at most ${error}`
    }
  }
}

/** An attribution with its sign, in three decimals. */
export function attributionText(value: number): string {
  const digits = Math.abs(value).toFixed(3)
  return `${value < 0 && Number(digits) !== 0 ? '−' : '+'}${digits}`
}

function hiddenText(baseline: Explanation['baseline']): string {
  const replaced = { padding: '', mask: ' by the mask token', unknown: ' by the unknown token' }
  return baseline === 'nothing' ? 'left out' : `replaced${replaced[baseline]}`
}
