// The keys of the queue, and the command that trains with what people labelled.
import { CopyLine } from '../parts/copy-button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { labelName } from '../parts/label-chip.tsx'
import { keyHelp } from './keyboard.ts'

/** All keys, with the labels behind the numbers. */
export function HelpDialog({
  labels,
  onClose,
}: {
  labels: readonly string[]
  onClose: () => void
}) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="keys">
        {keyHelp.map(([key, meaning]) => (
          <>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </>
        ))}
      </dl>
      {labels.length > 0 && (
        <dl class="keys">
          {labels.slice(0, 9).map((label, at) => (
            <>
              <dt>
                <kbd>{at + 1}</kbd>
              </dt>
              <dd>{labelName(label)}</dd>
            </>
          ))}
        </dl>
      )}
    </Dialog>
  )
}

/** The command, to be copied. */
export function TrainDialog({
  model,
  onClose,
}: {
  model: string | undefined
  onClose: () => void
}) {
  const name = model?.split('@')[0] ?? 'NAME'
  return (
    <Dialog title="Train with these labels" onClose={onClose}>
      <p>
        Training reads the events of the topic together with the labels that people gave. Run this
        where the models are stored; it makes a new version of {name}, which you can compare and
        promote under Models.
      </p>
      <CopyLine
        text={`winnow train --data topic:winnow.events@earliest..latest --name ${name} --publish`}
        label="Copy the command"
      />
    </Dialog>
  )
}
