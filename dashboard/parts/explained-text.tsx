// A text whose words are shaded by what they add to a label: blue with a solid line where they
// speak for it, orange with a dashed line where they speak against it.
import type { Attribution } from '../api/answers.ts'
import { spansOf } from './attribution-spans.ts'

/** The text with its words shaded. */
export function ExplainedText({ text, words }: { text: string; words: readonly Attribution[] }) {
  return (
    <p class="explained" tabIndex={0}>
      {spansOf(text, words).map(({ from, part, sign, strength, attribution }) =>
        sign === undefined ? (
          part
        ) : (
          <mark
            key={from}
            class={sign}
            style={{ '--strength': `${Math.round(strength * 100)}%` }}
            title={`${attribution > 0 ? '+' : '−'}${Math.abs(attribution).toFixed(2)}`}
          >
            {part}
          </mark>
        ),
      )}
    </p>
  )
}

/** What the shades mean. */
export function ExplanationLegend({ label }: { label: string }) {
  return (
    <p class="explained-legend">
      <mark class="for" style={{ '--strength': '60%' }}>
        speaks for {label}
      </mark>
      <mark class="against" style={{ '--strength': '60%' }}>
        speaks against it
      </mark>
    </p>
  )
}
