// The page of explanations: nothing of a text becomes markup, marks show sign and strength without
// colour, and emoji, lines and right-to-left words stay whole.
import { expect, it } from 'vitest'
import type { Explanation } from '../../models/explain/explanation.ts'
import { explanationMarkup, labelWordsSection, renderExplanationsHtml } from './explanation-html.ts'

const text = '<b>Free</b> 👩‍👩‍👧\r\nשלום & "bye"'

function explained(attributions: Readonly<Record<string, number>>): Explanation {
  const words = Object.entries(attributions).map(([word, attribution]) => {
    const start = text.indexOf(word)
    return { text: word, start, end: start + word.length, attribution }
  })
  return {
    model: 'mail@1',
    label: '<spam>',
    score: 0.9,
    logOdds: 2.2,
    method: 'integrated-gradients',
    baseline: 'padding',
    baselineLogOdds: 0,
    steps: 16,
    permutations: null,
    completenessGap: 0.001,
    truncated: false,
    tokens: words,
    words,
  }
}

const explanation = explained({ Free: 2, '👩‍👩‍👧': 0.01, שלום: -1, bye: 0.2 })

it('escapes what comes from data, and marks words by kind of line and strength', () => {
  const html = explanationMarkup({ text, explanation })
  expect(html).toContain(
    '&lt;b&gt;<mark class="for" style="--share:1.00" title="+2.000">Free</mark>',
  )
  expect(html).toContain('<mark class="against" style="--share:0.50" title="−1.000">שלום</mark>')
  expect(html).toContain(' &amp; &quot;<mark')
  expect(html).toContain('<strong>&lt;spam&gt; 90.0 %</strong>')
  // A weak word is not marked; the emoji keeps its joiners, and the text its lines.
  expect(html).toContain('&lt;/b&gt; 👩‍👩‍👧\n<mark class="against"')
  expect(html).toContain('dir="auto"')
  expect(html).not.toContain('standard error')
})

it('shows the errors of Shapley values, and that a text was cut', () => {
  const words = explanation.words.map((word) => ({ ...word, standardError: 0.125 }))
  const sampled = {
    ...explanation,
    method: 'shapley',
    permutations: 16,
    words,
    truncated: true,
  } as const
  const html = explanationMarkup({ text, explanation: sampled })
  expect(html).toContain('± 0.125')
  expect(html).toContain('Only the start of the text was read.')
})

it('is one page without scripts or other files', () => {
  const labelWords = [
    {
      label: 'spam',
      texts: 3,
      wordsFor: [{ word: '<free>', texts: 2, occurrences: 2, meanAttribution: 1 }],
      wordsAgainst: [],
    },
  ]
  const page = { title: 'Why <spam>?', facts: [['model', 'mail@1']] as const, labelWords }
  const html = renderExplanationsHtml({ ...page, explained: [{ text, explanation }] })
  expect(html).toContain('<title>Why &lt;spam&gt;?</title>')
  expect(html).toContain('&lt;free&gt;')
  expect(html).not.toMatch(/<script|https?:|<link|@import|url\(/)
})

it('leaves out labels without words', () => {
  expect(
    labelWordsSection([{ label: 'a', texts: 1, wordsFor: [], wordsAgainst: [] }]),
  ).toBeUndefined()
})
