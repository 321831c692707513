// Formats one classified text for a person: the text, its label, the most probable labels.
import type { ClassifiedText } from '../../trainers/evaluation/classify-file.ts'
import type { Terminal } from '../terminal.ts'

const shownLabels = 3
const minWidth = 20

/**
 * Two lines for one text: the text, cut to the width of the terminal; its label with its score and
 * the three most probable labels.
 */
export function classifiedText(
  { text, line }: ClassifiedText,
  { width, style }: { width: number; style: Terminal['style'] },
): string {
  if ('error' in line) return `(line ${line.id})\n  ${style('yellow', 'empty text, no label')}`
  const { label, labels, score, probabilities, truncated } = line
  const likeliest = Object.entries(probabilities)
    .sort(([, a], [, b]) => b - a)
    .slice(0, shownLabels)
    .map(([name, share]) => `${name} ${percentText(share)}`)
  const given = labels.length > 1 ? labels.join(', ') : label
  const cut = truncated ? '; only the start was read' : ''
  const top = `top ${likeliest.length}: ${likeliest.join(', ')}${cut}`
  return `${shortText(text, width)}\n  ${style('bold', `${given} ${percentText(score)}`)}   ${top}`
}

function shortText(text: string, width: number): string {
  const oneLine = text.replace(/[\s\p{C}]+/gu, ' ').trim()
  const characters = Array.from(oneLine)
  const max = Math.max(minWidth, width - 1)
  return characters.length <= max ? oneLine : `${characters.slice(0, max - 1).join('')}…`
}

function percentText(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
