// Explanations as HTML: a text with its words marked by sign and strength, and the words that push
// each label most. It makes the parts for reports, and a page of its own without scripts or other
// files.
import { attributionText, methodText } from '../../models/explain/explanation-text.ts'
import type { Explanation } from '../../models/explain/explanation.ts'
import type { LabelWords, WordEffect } from '../../models/explain/label-words.ts'
import { heaviestWords, textSegments } from '../../models/explain/text-segments.ts'
import { counted } from '../../schemas/counted.ts'
import { escapeHtml, htmlTable, section, type Section } from './report-markup.ts'
import { contentPolicyMeta, sectionHtml } from './report-page.ts'
import { reportStyle } from './report-style.ts'

/** A text as it was given, with its explanation. */
export type ExplainedText = { readonly text: string; readonly explanation: Explanation }

/** Words with less than this share of the largest attribution are not marked. */
const markedFrom = 0.05
const tableWordsMax = 30

/**
 * The text with its marked words, a line on how they were found, and the figures in a table, which
 * a click opens if they are `closed`.
 */
export function explanationMarkup(
  { text, explanation }: ExplainedText,
  figuresAre: 'open' | 'closed' = 'closed',
): string {
  const { label, score, words, truncated } = explanation
  const cut = truncated ? ' Only the start of the text was read.' : ''
  const heaviest = heaviestWords(words, tableWordsMax)
  const hasErrors = heaviest.some(({ standardError }) => standardError !== undefined)
  const rows = heaviest.map(({ text: word, start, end, attribution, standardError }) => [
    visibleOnly(word),
    attributionText(attribution),
    ...(hasErrors ? [`± ${(standardError ?? 0).toFixed(3)}`] : []),
    `${start}..${end}`,
  ])
  const head = ['word', 'log-odds', ...(hasErrors ? ['standard error'] : []), 'place']
  const figures = htmlTable({ name: 'Words by attribution', head, rows })
  const open = figuresAre === 'open' ? ' open' : ''
  return `<p class="explained" dir="auto">${markedText(text, explanation.words)}</p>
<p><strong>${escapeHtml(label)} ${(100 * score).toFixed(1)} %</strong> ${escapeHtml(`${methodText(explanation)}.${cut}`)}</p>
<details${open}><summary>${escapeHtml(tableTitle(words.length, rows.length))}</summary>${figures}</details>`
}

/** What the marks mean; `label` says which label the words speak for. */
export function explanationLegend(label = 'the label'): string {
  return (
    `<p class="legend"><mark class="for" style="--share:1">solid line</mark> speaks for ${escapeHtml(label)}, ` +
    '<mark class="against" style="--share:1">dashed line</mark> against it. The stronger the mark, the ' +
    'larger the attribution, in log-odds of the label.</p>'
  )
}

const labelWordsTitle = 'Words that push each label'

/** The words that push each label most, as a section of a report; undefined without words. */
export function labelWordsSection(labels: readonly LabelWords[]): Section | undefined {
  return section(labelWordsTitle, labelWordsParts(labels))
}

function labelWordsParts(labels: readonly LabelWords[]): string[] {
  const withWords = labels.filter(
    ({ wordsFor, wordsAgainst }) => wordsFor.length + wordsAgainst.length > 0,
  )
  if (withWords.length === 0) return []
  const open = withWords.length <= 6 ? ' open' : ''
  const parts = withWords.map(({ label, texts, wordsFor, wordsAgainst }) => {
    const sides = [
      wordsTable('Speaks for it', wordsFor),
      wordsTable('Speaks against it', wordsAgainst),
    ]
    const title = `${label} (${counted(texts, 'text')})`
    return `<details${open}><summary>${escapeHtml(title)}</summary><div class="plots">${sides.join('')}</div></details>`
  })
  const how =
    'Mean attribution of a word in the texts that hold it, in log-odds of the label that the model ' +
    'gave; the words with the largest sum come first.'
  return [`<p>${how}</p>`, ...parts]
}

/**
 * A page of explained texts, and of the words of each label if there are any. All text from data is
 * escaped.
 */
export function renderExplanationsHtml(page: {
  readonly title: string
  /** Facts such as the model, shown as a list. */
  readonly facts: readonly (readonly [name: string, value: string])[]
  readonly explained: readonly ExplainedText[]
  readonly labelWords?: readonly LabelWords[] | undefined
}): string {
  const { title, facts, explained, labelWords = [] } = page
  const figuresAre = explained.length === 1 ? 'open' : 'closed'
  const texts = explained.map((one) => `<section>${explanationMarkup(one, figuresAre)}</section>`)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
${contentPolicyMeta}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${reportStyle}</style>
<main>
<header><h1>${escapeHtml(title)}</h1>
<dl>${facts.map(([name, value]) => `<dt>${escapeHtml(name)}<dd>${escapeHtml(value)}`).join('\n')}</dl>
${explained.length === 0 ? '' : explanationLegend()}</header>
${sectionHtml(labelWordsTitle, labelWordsParts(labelWords))}
${texts.join('\n')}
</main>
</html>
`
}

/** The text, escaped, with its words marked by sign and strength. */
export function markedText(text: string, words: Parameters<typeof textSegments>[1]): string {
  const pieces = textSegments(text, words).map(({ text: piece, attribution, share }) => {
    const shown = escapeRunning(piece)
    if (share < markedFrom) return shown
    const kind = attribution > 0 ? 'for' : 'against'
    const title = attributionText(attribution)
    return `<mark class="${kind}" style="--share:${share.toFixed(2)}" title="${title}">${shown}</mark>`
  })
  return pieces.join('')
}

/**
 * Escapes running text: escapeHtml, but lines, tabs, and the joiners and tags within emoji and
 * words stay.
 */
function escapeRunning(text: string): string {
  return text
    .replaceAll('\r', '')
    .split(/([\n\t\u200c\u200d\u{e0020}-\u{e007f}]+)/u)
    .map((part, at) => (at % 2 === 1 ? part : escapeHtml(part)))
    .join('')
}

/** A word for a table cell: joiners that escapeHtml would replace are left out. */
function visibleOnly(word: string): string {
  return word.replace(/[\u200c\u200d\u{e0020}-\u{e007f}]/gu, '')
}

function tableTitle(words: number, shown: number): string {
  return shown < words
    ? `The ${shown} of ${counted(words, 'word')} with the largest attributions`
    : 'The words by size of their attributions'
}

function wordsTable(title: string, words: readonly WordEffect[]): string {
  if (words.length === 0) return ''
  const rows = words.map(({ word, texts, meanAttribution }) => [
    visibleOnly(word),
    attributionText(meanAttribution),
    String(texts),
  ])
  return `<div>${htmlTable({ name: title, head: [title, 'mean log-odds', 'texts'], rows })}</div>`
}
