// Labelling: a queue that is worked off by keyboard, how far people agree, and labels that look
// wrong.
import { Segments } from '../parts/segments.tsx'
import type { Route } from '../shell/routes.ts'
import { useSession } from '../shell/session.ts'
import { useSpeaker } from '../shell/speaker.ts'
import { changeQuery } from '../shell/use-route.ts'
import { AgreementPanel } from './agreement-panel.tsx'
import { QueuePanel } from './queue-panel.tsx'
import { SuspiciousPanel } from './suspicious-panel.tsx'

const tabs = [
  { key: 'queue', name: 'Queue' },
  { key: 'suspicious', name: 'Suspicious labels' },
  { key: 'agreement', name: 'Agreement' },
] as const

const leads = {
  queue: 'Say what events are, the most useful ones first',
  suspicious: 'Labels by people that the model contradicts with confidence',
  agreement: 'How far the people who label agree',
} as const

/** The Label view. */
export function LabelView({ route }: { route: Route }) {
  const { me } = useSession()
  const [, typed, setTyped] = useSpeaker()
  const tab = tabs.find(({ key }) => key === route.query['tab'])?.key ?? 'queue'
  return (
    <div class="view">
      <header class="view-head">
        <div>
          <h1>Label</h1>
          <p class="lead">{leads[tab]}</p>
        </div>
        <div class="tools">
          {me.caller === null && (
            <label class="field">
              <span>Your name</span>
              <input
                value={typed}
                maxLength={64}
                placeholder="such as ann"
                size={12}
                onInput={(event) => {
                  setTyped(event.currentTarget.value)
                }}
              />
            </label>
          )}
          <Segments
            label="What to look at"
            choices={tabs}
            chosen={tab}
            onChoose={(key) => {
              changeQuery({ tab: key === 'queue' ? undefined : key })
            }}
          />
        </div>
      </header>
      {tab === 'queue' && <QueuePanel key={route.query['strategy'] ?? ''} route={route} />}
      {tab === 'suspicious' && <SuspiciousPanel />}
      {tab === 'agreement' && <AgreementPanel />}
    </div>
  )
}
