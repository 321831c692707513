// Asks for the API key.
import { useState } from 'preact/hooks'
import { Dialog } from '../parts/dialog.tsx'

/** The dialog; `onKey` gets undefined when the key shall be forgotten. */
export function KeyDialog(props: {
  hasKey: boolean
  isRequired: boolean
  onKey: (key: string | undefined) => void
  onClose: () => void
}) {
  const [key, setKey] = useState('')
  return (
    <Dialog title="API key" onClose={props.onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          props.onKey(key.trim())
        }}
      >
        <p>
          {props.isRequired
            ? 'This gateway answers only with an API key.'
            : 'This gateway needs no key.'}{' '}
          An administrator makes one with <code>winnow keys create</code>. It stays in this tab and
          is forgotten when you close it.
        </p>
        <label class="field wide">
          <span>API key</span>
          <input
            type="password"
            autocomplete="off"
            value={key}
            onInput={(event) => {
              setKey(event.currentTarget.value)
            }}
          />
        </label>
        <p class="actions">
          <button type="submit" class="primary" disabled={key.trim() === ''}>
            Use this key
          </button>
          {props.hasKey && (
            <button
              type="button"
              onClick={() => {
                props.onKey(undefined)
              }}
            >
              Forget the key
            </button>
          )}
        </p>
      </form>
    </Dialog>
  )
}
