// A window over the page, on the browser's own dialog element, which keeps the focus inside and
// closes on Escape.
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from './icon.tsx'

/** A dialog that is open as long as it is rendered. */
export function Dialog(props: {
  title: string
  onClose: () => void
  children: ComponentChildren
  isWide?: boolean
}) {
  const element = useRef<HTMLDialogElement>(null)
  const { onClose } = props
  useEffect(() => {
    const dialog = element.current
    if (dialog?.open === false) dialog.showModal()
  }, [])
  return (
    <dialog
      ref={element}
      class={props.isWide === true ? 'dialog wide' : 'dialog'}
      aria-label={props.title}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === element.current) onClose()
      }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2>{props.title}</h2>
          <button type="button" class="quiet icon-only" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {props.children}
      </div>
    </dialog>
  )
}
