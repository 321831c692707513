// Copies a text, where the browser allows it.
import { useState } from 'preact/hooks'
import { Icon } from './icon.tsx'

/** A command or an id in its own line, with a button that copies it. */
export function CopyLine({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text)
    setDone(true)
  }
  return (
    <div class="copy-line">
      <code tabIndex={0}>{text}</code>
      {isSecureContext && (
        <button
          type="button"
          class="quiet"
          aria-label={label}
          onClick={() => {
            void copy()
          }}
        >
          <Icon name={done ? 'check' : 'copy'} />
          {done ? 'Copied' : 'Copy'}
        </button>
      )}
    </div>
  )
}
