// Labels by people that the model contradicts with confidence: one of the two is wrong.
import { useState } from 'preact/hooks'
import { failureText } from '../api/failure-text.ts'
import { percent } from '../format/numbers.ts'
import { LabelChip, labelName } from '../parts/label-chip.tsx'
import { Answered, Empty, Panel } from '../parts/panel.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { fragmentOf } from '../shell/routes.ts'
import { useSession } from '../shell/session.ts'
import { useSpeaker } from '../shell/speaker.ts'

/** The list, with a decision for each. */
export function SuspiciousPanel() {
  const { gateway, whyNot, notify } = useSession()
  const [by] = useSpeaker()
  const answer = useAnswer((signal) => gateway.suspicious(signal), [])
  const [decided, setDecided] = useState<Readonly<Record<string, string>>>({})
  const reason = whyNot('ingest')
  const decide = async (id: string, label: string): Promise<void> => {
    try {
      await gateway.label([{ id, label, ...(by !== undefined && { by }) }])
      setDecided((before) => ({ ...before, [id]: label }))
    } catch (error) {
      notify(failureText(error).detail, 'bad')
    }
  }
  return (
    <Panel title="Review these labels">
      <Answered answer={answer} rows={8}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No label looks wrong">
              A label appears here when the model is sure of another one.
            </Empty>
          ) : (
            <ul class="suspicious">
              {items.map(({ id, text, given, by: person, predicted, score }) => (
                <li key={id}>
                  <p class="suspicious-text">
                    <a href={fragmentOf({ view: 'live', id, query: { range: '7d' } })}>
                      {text.length > 280 ? `${text.slice(0, 280)}…` : text}
                    </a>
                  </p>
                  <p class="suspicious-meta">
                    <span>
                      {person === '' ? 'A person' : person} said <LabelChip label={given} />
                    </span>
                    <span>
                      the model says <LabelChip label={predicted} score={percent(score)} />
                    </span>
                  </p>
                  {decided[id] === undefined ? (
                    <p class="actions">
                      <button
                        type="button"
                        disabled={reason !== undefined}
                        title={reason}
                        onClick={() => void decide(id, predicted)}
                      >
                        Change to {labelName(predicted)}
                      </button>
                      <button
                        type="button"
                        class="quiet"
                        disabled={reason !== undefined}
                        title={reason}
                        onClick={() => void decide(id, given)}
                      >
                        Keep {labelName(given)}
                      </button>
                    </p>
                  ) : (
                    <p class="note">Saved as {labelName(decided[id])}</p>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
    </Panel>
  )
}
