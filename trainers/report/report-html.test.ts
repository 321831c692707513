// The layout of the page, as far as it can be tested without a browser: what wraps, what scales and
// what scrolls.
import { expect, test } from 'vitest'
import { dataProfile } from '../data/data-profile.ts'
import { evaluatePredictions } from '../evaluation/evaluation.ts'
import { renderReportHtml } from './report-html.ts'
import { confusionTable } from './report-markup.ts'
import { reportStyle } from './report-style.ts'

const longName = 'a-name-without-any-place-to-break-that-is-longer-than-a-telephone-is-wide'

function evaluate(labels: readonly string[]) {
  const truth = Int32Array.from({ length: 4 * labels.length }, (_, row) => row % labels.length)
  const probabilities = new Float32Array(truth.length * labels.length)
  for (const [row, label] of truth.entries()) {
    const guess = row < labels.length ? (label + 1) % labels.length : label
    probabilities[row * labels.length + guess] = 1
  }
  const examples = Array.from(truth, () => ({
    text: 'one two three',
    attributes: { team: longName },
  }))
  return evaluatePredictions({ truth, probabilities }, { labels, seed: 1, resamples: 10, examples })
}

const heading = {
  title: 'mail@7: evaluation',
  made: '2026-11-29T06:00:00Z',
  measuredOn: '8 test texts (a.jsonl) that had no part in training',
  facts: [],
}

test.each([2, 4, 12, 64, 120])(
  '%i labels: nothing has a width that a page might lack',
  async (count) => {
    const labels = Array.from({ length: count }, (_, at) => `${longName} ${at}`)
    const page = await renderReportHtml(evaluate(labels), heading)
    // Drawings scale to their container, names and bars wrap, and each table scrolls in its own
    // box.
    const outside = page.replace(/<div class="plots">[\s\S]*?<\/div>/g, '')
    expect(outside).not.toContain('<svg')
    expect(outside.match(/<table/g)).toHaveLength(
      outside.match(/<div class="wide"[^>]*><table/g)!.length,
    )
    expect(page.match(/<b style="width:[\d.]+%">/g)!.length).toBeGreaterThanOrEqual(
      Math.min(count, 60),
    )
    expect(page).not.toMatch(/style="[^"]*\d(px|rem|em)/)
  },
)

test('the style scales drawings, wraps names, scrolls wide tables and keeps headings in place', () => {
  expect(reportStyle).toMatch(/\.plots svg \{ max-width: 100%; height: auto \}/)
  expect(reportStyle).toMatch(/\.wide \{ overflow-x: auto; /)
  expect(reportStyle).toMatch(/\.bars \.name \{[^}]*overflow-wrap: anywhere/)
  expect(reportStyle).toMatch(/\.names th, \.names td \{[^}]*overflow-wrap: anywhere/)
  expect(reportStyle).toMatch(/\.matrix thead th span \{[^}]*writing-mode: vertical-rl/)
  expect(reportStyle).toMatch(/\.matrix thead th span \{[^}]*max-width: var\(--cell\)/)
  expect(reportStyle).toMatch(/@media \(max-width: 640px\)/)
})

test('the confusion matrix has a heading per column, and counts if there is room', () => {
  const matrix = [
    [3, 1],
    [0, 4],
  ]
  const table = confusionTable({ labels: ['ham', '<spam>'], matrix, shown: [0, 1] })
  expect(table.match(/<th scope="col"/g)).toHaveLength(2)
  expect(table).toContain('title="ham → &lt;spam&gt;: 1 of 4">1')
  const many = Array.from({ length: 40 }, (_, at) => at)
  const labels = many.map((at) => `label ${at}`)
  const wide = many.map((row) => many.map((column) => Number(row === column)))
  expect(confusionTable({ labels, matrix: wide, shown: many })).toContain('class="matrix small"')
})

test('of many labels, the matrix of the most confused ones comes first', async () => {
  const labels = Array.from({ length: 64 }, (_, at) => `label ${at}`)
  const page = await renderReportHtml(evaluate(labels), heading)
  const matrices = page.match(/<table class="matrix \w+/g)
  expect(matrices).toEqual(['<table class="matrix large', '<table class="matrix small'])
  expect(page).toContain('44 labels with a higher F1')
})

test('shows texts of the most confused pairs, the size curve, the profile and labels to check', async () => {
  const score = { mean: 0.8, low: 0.7, high: 0.9 }
  const points = [100, 200].map((examples) => ({ examples, accuracy: score, macroF1: score }))
  const page = await renderReportHtml(evaluate(['ham', 'spam']), {
    ...heading,
    confused: [
      { truth: 'ham', predicted: 'spam', texts: [{ text: 'free <ham>', confidence: 0.9 }] },
    ],
    sizeCurve: { points, measuredOn: 'held-out texts' },
    profile: dataProfile([{ text: 'ham' }, { text: 'спам' }]),
    suspicious: [{ text: 'buy', label: 'ham', suggested: 'spam' }],
    comparison: {
      ...{ with: 'mail@6', examples: 8, bothRight: 5, bothWrong: 1, test: 'exact', pValue: 1 },
      ...{ onlyFirstRight: 1, onlySecondRight: 1, difference: 0 },
    },
  })
  expect(page).toContain('<q dir="auto">free &lt;ham&gt;</q> <span>90.0 %</span>')
  expect(page).not.toContain('Marked words')
  expect(page).toContain('More labels of the same kind will hardly help.')
  expect(page).toContain('<span class="name">Cyrillic</span>')
  expect(page).toContain('>buy</th><td>ham</td><td>spam</td>')
  expect(page).toContain('<h2 id="against-mail-6-title">Against mail@6</h2>')
})

test('marks the words of explained texts, and says where the explained model differs', async () => {
  const words = [
    { start: 0, end: 4, attribution: 2 },
    { start: 5, end: 10, attribution: -1 },
  ]
  const mistake = (score: number) => ({
    text: 'free <ham> today',
    confidence: 0.9,
    explained: { method: 'integrated-gradients', score, words } as const,
  })
  const page = await renderReportHtml(evaluate(['ham', 'spam']), {
    ...heading,
    confused: [{ truth: 'ham', predicted: 'spam', texts: [mistake(0.4), mistake(0.9)] }],
  })
  expect(page).toContain('Marked words say why, by integrated gradients')
  const quote =
    '<q dir="auto"><mark class="for" style="--share:1.00" title="+2.000">free</mark> ' +
    '<mark class="against" style="--share:0.50" title="−1.000">&lt;ham&gt;</mark> today</q>'
  expect(page).toContain(`${quote} <span>90.0 %, as explained 40.0 %</span>`)
  expect(page).toContain(`${quote} <span>90.0 %</span>`)
  expect(page.match(/solid line/g)).toHaveLength(1)
})

test('is one file that may load nothing, in which hostile labels and texts stay text', async () => {
  const hostile = `"><img src=x onerror=alert(1)><script>alert(2)</script>' $& {{x}} \u202Eevil`
  const labels = [hostile, `</svg><style>*{}</style>${hostile}`]
  const page = await renderReportHtml(evaluate(labels), {
    ...heading,
    title: hostile,
    facts: [[hostile, hostile]],
    suspicious: [{ text: hostile, label: hostile, suggested: hostile }],
    confused: [
      { truth: labels[0]!, predicted: labels[1]!, texts: [{ text: hostile, confidence: 1 }] },
    ],
  })
  expect(page).not.toMatch(/<(?:script|img|link|iframe|object)\b/)
  expect(page.match(/<style/g)).toHaveLength(1)
  // Quoted values are text; what is left of a tag are the names of its attributes.
  const tags = page.match(/<[a-z][^>]*>/g)!.map((tag) => tag.replace(/"[^"]*"/g, ''))
  expect(tags.filter((tag) => /\s(?:on\w+|src|srcset|xlink:href)\b/.test(tag))).toEqual([])
  expect(page.match(/<a [^>]*>/g)!.every((link) => link.startsWith('<a href="#'))).toBe(true)
  expect(page).not.toContain('\u202E')
  expect(page).toMatch(
    /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'/,
  )
})

test('each drawing is one image with a text alternative', async () => {
  const page = await renderReportHtml(evaluate(['ham', 'spam']), heading)
  const drawings = page.match(/<svg [^>]*>/g)!
  expect(drawings.length).toBeGreaterThanOrEqual(4)
  for (const drawing of drawings)
    expect(drawing).toMatch(/^<svg role="img" aria-label="[^"]{20,}" /)
  expect(page).not.toContain('graphics-symbol')
})

test('names the version and the day, and begins with the verdict', async () => {
  const page = await renderReportHtml(evaluate(['ham', 'spam']), heading)
  expect(page).toContain('<title>mail@7: evaluation, 2026-11-29</title>')
  const verdict = page.indexOf('<p class="verdict"><strong>')
  expect(verdict).toBeGreaterThan(page.indexOf('<h1>'))
  expect(verdict).toBeLessThan(page.indexOf('class="tiles"'))
  expect(page).toContain('Measured on 8 test texts (a.jsonl) that had no part in training.')
})
