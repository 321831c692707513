// The panel beside a list that shows one of its things: its heading, which takes the focus, and the
// ways to close it.
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { fragmentWith } from '../shell/use-route.ts'
import { Icon } from './icon.tsx'

/** A panel with a heading. Escape closes it, unless `keeps` says that a key is for something else. */
export function DetailPanel(props: {
  title: string
  keeps?: (event: KeyboardEvent) => boolean
  children: ComponentChildren
}) {
  const { title, keeps } = props
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    heading.current?.focus()
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && keeps?.(event) !== true) location.hash = fragmentWith(undefined)
    }
    addEventListener('keydown', onKey)
    return () => {
      removeEventListener('keydown', onKey)
    }
  }, [])
  return (
    <aside class="detail" aria-label={title}>
      <header class="detail-head">
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <a
          class="button quiet icon-only"
          href={fragmentWith(undefined)}
          aria-label="Close"
          title="Close (Escape)"
        >
          <Icon name="close" />
        </a>
      </header>
      {props.children}
    </aside>
  )
}
