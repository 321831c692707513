// The frame of every report: one HTML file without scripts, fonts or other files, which a browser
// may not load either. What stands on a page is decided by its caller.
import { counted } from '../../schemas/counted.ts'
import { escapedProse, escapeHtml, paragraph, section, type Section } from './report-markup.ts'
import { reportStyle } from './report-style.ts'
import { formatFigure, type Headline } from './report-tables.ts'
import type { Verdict } from './report-verdict.ts'

/** The content of a page. */
export type ReportPage = {
  readonly title: string
  /** When the page was made, RFC 3339; the title shows the day. */
  readonly made?: string | undefined
  readonly verdict?: Verdict | undefined
  /** Facts such as base encoder and data, shown as a list. */
  readonly facts: readonly (readonly [name: string, value: string])[]
  /** HTML between the facts and the sections. */
  readonly lead?: string | undefined
  /** Undefined ones are left out. */
  readonly sections: readonly (Section | undefined)[]
}

/** Fewer sections need no table of contents. */
const sectionsListedMin = 4

/** Forbids everything but the page's own style: also scripts, if text from data became markup. */
const contentPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

/** The element by which a page forbids everything but its own style. */
export const contentPolicyMeta = `<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">`

/** The page as a string. */
export function reportPage(page: ReportPage): string {
  const { made, verdict, facts, lead = '' } = page
  const title = made === undefined ? page.title : `${page.title}, ${made.slice(0, 10)}`
  const sections = page.sections.filter((section) => section !== undefined)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${contentPolicyMeta}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${reportStyle}</style>
</head>
<body>
<main>
<header><h1>${escapeHtml(title)}</h1>
${verdict === undefined ? '' : verdictText(verdict)}
${factList(facts)}</header>
${lead}
${contents(sections)}
${sections.map(shownSection).join('\n')}
</main>
</body>
</html>
`
}

/** A section as HTML; empty if all of its parts are. */
export function sectionHtml(title: string, parts: readonly string[]): string {
  const made = section(title, parts)
  return made === undefined ? '' : shownSection(made)
}

function shownSection({ id, title, html }: Section): string {
  return (
    `<section id="${id}" aria-labelledby="${id}-title">` +
    `<h2 id="${id}-title">${escapeHtml(title)}</h2>\n${html}</section>`
  )
}

/** Key figures as tiles, with a sentence about their ranges. */
export function figureTiles(figures: readonly Headline[], note: string): string {
  const tiles = figures.map(({ name, unit, value, interval }) => {
    const range =
      interval === null
        ? ''
        : `<span>${formatFigure(interval.low, unit)} to ${formatFigure(interval.high, unit)}</span>`
    return `<li><span>${escapeHtml(name)}</span><strong>${formatFigure(value, unit)}</strong>${range}</li>`
  })
  return `<ul class="tiles">${tiles.join('\n')}</ul>
${paragraph(note)}`
}

/** What ranges of bootstrap intervals mean. */
export function bootstrapNote(evaluation: {
  readonly examples: number
  readonly intervals: { readonly confidence: number; readonly resamples: number }
}): string {
  const { confidence, resamples } = evaluation.intervals
  return (
    `${counted(evaluation.examples, 'text')}. Ranges are ${100 * confidence} % bootstrap intervals ` +
    `of ${resamples} resamples.`
  )
}

function verdictText({ grade, sentences }: Verdict): string {
  const [first = '', ...others] = sentences
  const rest = others.map((sentence) => `<br>${escapedProse(sentence)}`).join('')
  return `<p class="verdict"><strong>${escapeHtml(grade)}:</strong> ${escapedProse(first)}${rest}</p>`
}

function factList(facts: ReportPage['facts']): string {
  if (facts.length === 0) return ''
  const rows = facts.map(
    ([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`,
  )
  return `<dl>${rows.join('\n')}</dl>`
}

function contents(sections: readonly Section[]): string {
  if (sections.length < sectionsListedMin) return ''
  const links = sections.map(
    ({ id, title }) => `<li><a href="#${id}">${escapeHtml(title)}</a></li>`,
  )
  return `<nav aria-label="Sections"><ul>${links.join('\n')}</ul></nav>`
}
