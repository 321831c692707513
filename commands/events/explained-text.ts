// Formats an explanation for a person: the text with the words that speak for the label in
// green and those against it in red, and the words that weigh most.
import type { Attribution, Explanation } from '../../models/explain/explain-text.ts'
import { tableText, type Terminal } from '../terminal.ts'

const shownWords = 10
/** Of the largest attribution: words below the first are not coloured, from the second on bold. */
const colouredFrom = 0.15
const boldFrom = 0.5

/** The text in colour, a line about the label, and the words with the largest attributions. */
export function explainedText(
  text: string,
  explanation: Explanation,
  style: Terminal['style'],
): string {
  const { model, label, score, words, truncated } = explanation
  const largest = Math.max(...words.map(({ attribution }) => Math.abs(attribution)), 0)
  const colour = ({ text: word, attribution }: Attribution): string => {
    const share = largest === 0 ? 0 : Math.abs(attribution) / largest
    if (share < colouredFrom) return word
    const hue = attribution > 0 ? 'green' : 'red'
    return style(share < boldFrom ? hue : ['bold', hue], word)
  }
  let at = 0
  let coloured = ''
  for (const word of words) {
    if (word.start < at) continue // It overlaps the word before it.
    coloured += text.slice(at, word.start) + colour(word)
    at = word.end
  }
  coloured += text.slice(at)
  const cut = truncated ? ' Only the start of the text was read.' : ''
  const heaviest = words
    .toSorted((a, b) => Math.abs(b.attribution) - Math.abs(a.attribution))
    .slice(0, shownWords)
    .map((word) => [signedText(word.attribution), word.text, `${word.start}..${word.end}`])
  return [
    coloured,
    '',
    `${style('bold', `${label} ${(score * 100).toFixed(1)} %`)}   ${model}, ${methodText(explanation)}.${cut}`,
    '',
    tableText(['log-odds', 'word', 'place'], heaviest),
  ].join('\n')
}

function methodText({ method, steps, completenessGap, baseline }: Explanation): string {
  if (completenessGap === null) {
    const hidden = { padding: '', mask: ' by the mask token', unknown: ' by the unknown token' }
    return baseline === 'nothing'
      ? 'occlusion: words left out one at a time'
      : `occlusion: words replaced${hidden[baseline]} one at a time`
  }
  const gap = `${(completenessGap * 100).toFixed(2)} %`
  return `${method.replace('-', ' ')}: ${steps} steps, completeness gap ${gap}`
}

function signedText(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`
}
