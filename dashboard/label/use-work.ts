// The queue of one sitting: what is given goes to the gateway at once, and comes back if it fails.
import { useReducer } from 'preact/hooks'
import type { QueueItem } from '../api/answers.ts'
import { failureText } from '../api/failure-text.ts'
import { labelName } from '../parts/label-chip.tsx'
import { useSession } from '../shell/session.ts'
import { useSpeaker } from '../shell/speaker.ts'
import { changedWork, noWork, type Work, type WorkChange } from './session-labels.ts'

/** The work and what can be done with it. */
export type WorkState = {
  readonly work: Work
  readonly change: (change: WorkChange) => void
  readonly give: (items: readonly QueueItem[], label: string) => Promise<void>
  readonly undo: () => Promise<void>
}

/** Keeps the work of this view. */
export function useWork(): WorkState {
  const { gateway, notify } = useSession()
  const [work, change] = useReducer(changedWork, noWork)
  const [by] = useSpeaker()
  const send = (items: readonly QueueItem[], label: string | null) =>
    gateway.label(items.map(({ id }) => ({ id, label, ...(by !== undefined && { by }) })))
  return {
    work,
    change,
    async give(items, label) {
      change({ kind: 'labelled', items, label })
      try {
        await send(items, label)
      } catch (error) {
        change({ kind: 'undone' })
        notify(failureText(error).detail, 'bad')
      }
    },
    async undo() {
      const last = work.given.at(-1)
      if (last === undefined) return
      change({ kind: 'undone' })
      try {
        await send(last.items, null)
        notify(`Took back ${labelName(last.label)}`)
      } catch (error) {
        notify(failureText(error).detail, 'bad')
      }
    },
  }
}
