// What happened to a model, newest first, with the way back to each version that once served.
import type { ModelVersion, Releases } from '../api/answers.ts'
import { Answered, Empty, Panel } from '../parts/panel.tsx'
import { Ago } from '../parts/time.tsx'
import type { Answer } from '../parts/use-answer.ts'
import { useSession } from '../shell/session.ts'
import type { Asked } from './release-dialog.tsx'
import { withRole } from './roles.ts'

const verbs: Readonly<Record<string, string>> = {
  publish: 'published',
  promote: 'promoted',
  rollback: 'promoted again, by going back',
  challenge: 'became a challenger',
  shadow: 'became a shadow',
  refusal: 'was refused',
  swap: 'loaded by a service',
}

/** The newest releases are enough for a page. */
const releasesMax = 30

/** The timeline. */
export function ReleasesPanel(props: {
  name: string
  versions: readonly ModelVersion[]
  answer: Answer<Releases>
  onAsk: (asked: Asked) => void
}) {
  const { name, versions, onAsk } = props
  const { whyNot } = useSession()
  const reason = whyNot('admin')
  const champion = withRole(versions, 'champion')?.version
  const previous = withRole(versions, 'previous')?.version
  const canReturn = (version: string) =>
    version !== champion && versions.some((one) => one.version === version)
  return (
    <Panel title="What happened">
      <Answered answer={props.answer} rows={6}>
        {({ releases }) => {
          // Each service tells that it loaded a version; people look for decisions.
          const shown = releases.filter(({ kind }) => kind !== 'swap').slice(0, releasesMax)
          if (shown.length === 0) {
            return <Empty title="Nothing yet">Promotions and roll-backs appear here.</Empty>
          }
          return (
            <ol class="timeline">
              {shown.map(({ at, kind, version, by, reason: why }) => (
                <li key={`${at} ${kind} ${version}`} class={kind}>
                  <p>
                    <b>
                      {name}@{version}
                    </b>{' '}
                    {verbs[kind] ?? kind}
                  </p>
                  {why !== '' && <p class="timeline-why">{why}</p>}
                  <p class="timeline-meta">
                    <Ago time={at} />
                    {by !== '' && <span>{by}</span>}
                    {(kind === 'promote' || kind === 'rollback') && canReturn(version) && (
                      <button
                        type="button"
                        class="link"
                        disabled={reason !== undefined}
                        title={reason}
                        onClick={() => {
                          const action = version === previous ? 'rollback' : 'promote'
                          onAsk({ action, version })
                        }}
                      >
                        Go back to this
                      </button>
                    )}
                  </p>
                </li>
              ))}
            </ol>
          )
        }}
      </Answered>
    </Panel>
  )
}
