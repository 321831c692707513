// Formats an explanation for a person: the text with the words that speak for the label in
// green and those against it in red, and the words that weigh most.
import { attributionText, methodText } from '../../models/explain/explanation-text.ts'
import type { Explanation } from '../../models/explain/explanation.ts'
import type { LabelWords, WordEffect } from '../../models/explain/label-words.ts'
import {
  heaviestWords,
  textSegments,
  type TextSegment,
} from '../../models/explain/text-segments.ts'
import { counted } from '../../schemas/counted.ts'
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
  const heaviest = heaviestWords(explanation.words, shownWords).map((word) => [
    attributionText(word.attribution),
    ...(word.standardError === undefined ? [] : [`± ${word.standardError.toFixed(3)}`]),
    word.text,
    `${word.start}..${word.end}`,
  ])
  const errors = explanation.method === 'shapley' ? ['error'] : []
  return [
    colouredText(text, explanation, style),
    '',
    `${labelText(explanation, style)}   ${explanation.model}, ${methodText(explanation)}.${cutText(explanation)}`,
    '',
    tableText(['log-odds', ...errors, 'word', 'place'], heaviest),
  ].join('\n')
}

/** The text in colour and its label, for one of many texts. */
export function explainedLines(
  text: string,
  explanation: Explanation,
  style: Terminal['style'],
): string {
  const coloured = colouredText(text.trim(), shifted(text, explanation), style)
  return `${labelText(explanation, style)}${cutText(explanation)}\n  ${coloured.replaceAll(/\s*\n\s*/g, ' ')}`
}

/** The words that push each label most. */
export function labelWordsText(labels: readonly LabelWords[], style: Terminal['style']): string {
  const withWords = labels.filter(
    ({ wordsFor, wordsAgainst }) => wordsFor.length + wordsAgainst.length > 0,
  )
  if (withWords.length === 0) return 'No word stands in two texts of one label.'
  return withWords
    .map(({ label, texts, wordsFor, wordsAgainst }) => {
      const rows = Array.from(
        { length: Math.max(wordsFor.length, wordsAgainst.length) },
        (_, at) => [...effectCells(wordsFor[at]), ...effectCells(wordsAgainst[at])],
      )
      const head = ['speaks for it', 'mean', 'texts', 'against it', 'mean', 'texts']
      return `${style('bold', label)} (${counted(texts, 'text')})\n\n${tableText(head, rows)}`
    })
    .join('\n\n')
}

function effectCells(effect: WordEffect | undefined): (string | number)[] {
  if (effect === undefined) return ['', '', '']
  const { word, meanAttribution, texts } = effect
  return [word, attributionText(meanAttribution), String(texts)]
}

function colouredText(
  text: string,
  { words }: Pick<Explanation, 'words'>,
  style: Terminal['style'],
): string {
  const coloured = ({ text: piece, attribution, share }: TextSegment): string => {
    if (share < colouredFrom) return piece
    const hue = attribution > 0 ? 'green' : 'red'
    return style(share < boldFrom ? hue : ['bold', hue], piece)
  }
  return textSegments(text, words).map(coloured).join('')
}

/** The words at their places in the text without the white space in front of it. */
function shifted(text: string, { words }: Explanation): Pick<Explanation, 'words'> {
  const before = text.length - text.trimStart().length
  return {
    words: words.map((word) => ({ ...word, start: word.start - before, end: word.end - before })),
  }
}

function labelText({ label, score }: Explanation, style: Terminal['style']): string {
  return style('bold', `${label} ${(score * 100).toFixed(1)} %`)
}

function cutText({ truncated }: Explanation): string {
  return truncated ? ' Only the start of the text was read.' : ''
}
