// A place for tables that may be wider than the window. It takes the focus, so that the keyboard
// can scroll it.
import type { ComponentChildren } from 'preact'

/** Scrolls its content sideways. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="scroll" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  )
}
