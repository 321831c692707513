// Says what an event really is, in one press, and takes it back.
import { useState } from 'preact/hooks'
import { failureText } from '../api/failure-text.ts'
import { Icon } from '../parts/icon.tsx'
import { LabelChip, labelName } from '../parts/label-chip.tsx'
import { useSpeaker } from '../shell/speaker.ts'
import { useSession } from '../shell/session.ts'

/** Labels up to here are buttons; more are a list. */
const buttonsMax = 12

/** The labels that the event could have. */
export function CorrectLabel({ id, label }: { id: string; label: string }) {
  const { gateway, labels, whyNot, notify } = useSession()
  const [given, setGiven] = useState<string | undefined>(undefined)
  const [isSending, setIsSending] = useState(false)
  const [by] = useSpeaker()
  const reason = whyNot('ingest')
  const send = async (next: string | undefined): Promise<void> => {
    setIsSending(true)
    try {
      await gateway.label([{ id, label: next ?? null, ...(by !== undefined && { by }) }])
      setGiven(next)
      notify(next === undefined ? 'Your label is withdrawn' : `Saved as ${labelName(next)}`)
    } catch (error) {
      notify(failureText(error).detail, 'bad')
    } finally {
      setIsSending(false)
    }
  }
  const choices = [...new Set([...labels, label])].filter((name) => name !== 'winnow.none')
  if (given !== undefined) {
    return (
      <section class="correct done">
        <h3>
          <Icon name="check" /> You labelled it
        </h3>
        <p>
          <LabelChip label={given} />{' '}
          <button
            type="button"
            class="quiet"
            disabled={isSending}
            onClick={() => void send(undefined)}
          >
            <Icon name="back" /> Undo
          </button>
        </p>
        <p class="note">The next training and the figures of this model use your label.</p>
      </section>
    )
  }
  return (
    <section class="correct">
      <h3>Wrong? Correct this label</h3>
      {choices.length <= buttonsMax ? (
        <p class="label-buttons">
          {choices.map((name) => (
            <button
              key={name}
              type="button"
              disabled={isSending || reason !== undefined}
              title={reason ?? (name === label ? 'Confirm that the label is right' : undefined)}
              onClick={() => void send(name)}
            >
              <LabelChip label={name} />
              {name === label && <small>is right</small>}
            </button>
          ))}
        </p>
      ) : (
        <select
          aria-label="Correct label"
          disabled={isSending || reason !== undefined}
          onChange={(event) => void send(event.currentTarget.value)}
        >
          <option value="">Choose the right label</option>
          {choices.map((name) => (
            <option key={name} value={name}>
              {labelName(name)}
            </option>
          ))}
        </select>
      )}
      {reason !== undefined && <p class="note">{reason}</p>}
    </section>
  )
}
