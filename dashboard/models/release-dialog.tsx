// Asks for a reason before a version changes its role, and says what will happen.
import { useState } from 'preact/hooks'
import { GatewayError } from '../../client/gateway-error.ts'
import type { ReleaseAction } from '../api/gateway.ts'
import { failureText } from '../api/failure-text.ts'
import { Dialog } from '../parts/dialog.tsx'
import { useSession } from '../shell/session.ts'

/** What a person asked for. */
export type Asked = {
  readonly action: ReleaseAction
  readonly version: string
  /** The share to begin with; 0 ends a role. */
  readonly percent?: number
}

/** The dialog. */
export function ReleaseDialog(props: {
  name: string
  asked: Asked
  onClose: () => void
  onDone: () => void
}) {
  const { name, asked } = props
  const { gateway, notify } = useSession()
  const [reason, setReason] = useState('')
  const [percent, setPercent] = useState(asked.percent ?? 0)
  const [problem, setProblem] = useState<unknown>(undefined)
  const [isSending, setIsSending] = useState(false)
  const model = `${name}@${asked.version}`
  const words = wordsOf(asked, model)
  const isRefused = problem instanceof GatewayError && problem.code === 'publish_refused'
  const send = async (isForced: boolean): Promise<void> => {
    setIsSending(true)
    setProblem(undefined)
    try {
      await gateway.release(name, asked.action, {
        ...(asked.action !== 'rollback' && { version: asked.version }),
        ...(asked.percent !== undefined && { percent }),
        reason: reason.trim(),
        ...(isForced && { force: reason.trim() }),
      })
      notify(words.done)
      props.onDone()
    } catch (error) {
      setProblem(error)
      setIsSending(false)
    }
  }
  return (
    <Dialog title={words.title} onClose={props.onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void send(false)
        }}
      >
        <p>{words.effect}</p>
        {asked.percent !== undefined && asked.percent > 0 && (
          <label class="field wide">
            <span>Share of the events, in per cent</span>
            <input
              type="number"
              min={1}
              max={100}
              value={percent}
              onInput={(event) => {
                setPercent(Number(event.currentTarget.value))
              }}
            />
          </label>
        )}
        <label class="field wide">
          <span>Reason, for the people who read the timeline</span>
          <input
            required
            maxLength={500}
            value={reason}
            placeholder={words.example}
            onInput={(event) => {
              setReason(event.currentTarget.value)
            }}
          />
        </label>
        {problem !== undefined && (
          <p class="inline-error" role="alert">
            {failureText(problem).detail}
          </p>
        )}
        <p class="actions">
          <button type="submit" class="primary" disabled={isSending || reason.trim() === ''}>
            {words.button}
          </button>
          {isRefused && (
            <button
              type="button"
              class="danger"
              disabled={isSending}
              onClick={() => void send(true)}
            >
              Overrule the gate
            </button>
          )}
          <button type="button" onClick={props.onClose}>
            Cancel
          </button>
        </p>
      </form>
    </Dialog>
  )
}

function wordsOf({ action, percent }: Asked, model: string) {
  if (percent === 0) {
    const role = action === 'shadow' ? 'shadow' : 'challenger'
    return {
      title: `End ${model} as ${role}`,
      effect: `${model} gets no more events.`,
      example: 'measured enough',
      button: `End ${role}`,
      done: `${model} is no longer a ${role}`,
    }
  }
  switch (action) {
    case 'promote':
      return {
        title: `Promote ${model}`,
        effect: `Every stage and gateway changes to ${model} within seconds, without losing an event. You can go back at any time.`,
        example: 'better on invoices',
        button: `Promote ${model}`,
        done: `${model} is the champion now`,
      }
    case 'rollback':
      return {
        title: `Go back to ${model}`,
        effect: `${model} served before and becomes the champion again. Every stage and gateway changes within seconds, without losing an event.`,
        example: 'calls invoices spam',
        button: `Go back to ${model}`,
        done: `${model} serves again`,
      }
    case 'challenge':
      return {
        title: `Let ${model} challenge`,
        effect: `${model} answers for a share of the events; the champion answers for the others.`,
        example: 'try it on a tenth of the mail',
        button: 'Start the challenge',
        done: `${model} is a challenger now`,
      }
    case 'shadow':
      return {
        title: `Run ${model} as a shadow`,
        effect: `${model} classifies a share of the events once more. Its answers count nowhere, but you can compare them with those of the champion.`,
        example: 'compare before promoting',
        button: 'Start the shadow',
        done: `${model} is a shadow now`,
      }
  }
}
