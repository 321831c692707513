// Bars of shares, each with its name and its figure.
import type { ComponentChildren } from 'preact'

/** One bar. */
export type Bar = {
  readonly key: string
  readonly name: ComponentChildren
  /** 0 to 1 of the full width. */
  readonly share: number
  readonly figure: string
  /** A CSS colour; the accent when absent. */
  readonly colour?: string
  readonly title?: string
}

/** A list of bars. */
export function Bars({ bars, label }: { bars: readonly Bar[]; label: string }) {
  return (
    <ul class="bars" aria-label={label}>
      {bars.map((bar) => (
        <li key={bar.key} title={bar.title}>
          <span class="bar-name">{bar.name}</span>
          <span class="bar-figure">{bar.figure}</span>
          <span class="bar-track">
            <span
              style={{
                width: `${Math.max(0, Math.min(1, bar.share)) * 100}%`,
                ...(bar.colour !== undefined && { background: bar.colour }),
              }}
            />
          </span>
        </li>
      ))}
    </ul>
  )
}
