// The frame around every view: who the person is, which model serves, navigation, messages.
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import type { Me } from '../api/answers.ts'
import type { DashboardGateway } from '../api/gateway.ts'
import { colourPlaces } from '../format/label-colours.ts'
import { LabelColours } from '../parts/label-chip.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { DeadLettersView } from '../dead-letters/dead-letters-view.tsx'
import { LabelView } from '../label/label-view.tsx'
import { LiveView } from '../live/live-view.tsx'
import { ModelsView } from '../models/models-view.tsx'
import { RunsView } from '../runs/runs-view.tsx'
import { TryView } from '../try-it/try-view.tsx'
import { KeyDialog } from './key-dialog.tsx'
import { Navigation } from './navigation.tsx'
import type { Route } from './routes.ts'
import {
  missingScope,
  SessionContext,
  storedKey,
  storeKey,
  type Scope,
  type Session,
} from './session.ts'
import { useRoute } from './use-route.ts'

/** A message that goes away by itself. */
type Notice = { readonly id: number; readonly message: string; readonly tone: 'good' | 'bad' }

const noticeMs = 6_000
const refreshesMs = [0, 2_000, 6_000]

/** What is assumed until the gateway has answered, so that the frame can be drawn at once. */
const nobody: Me = {
  caller: null,
  scopes: ['ingest', 'read', 'admin'],
  keysRequired: false,
  model: null,
  explain: true,
  version: '',
  textsMasked: false,
}

/** The whole dashboard. */
export function App({ gateway }: { gateway: DashboardGateway }) {
  const route = useRoute()
  const [key, setKey] = useState(storedKey)
  const [isAsking, setIsAsking] = useState(false)
  const [turn, setTurn] = useState(0)
  const me = useAnswer((signal) => gateway.me(signal), [key, turn], {
    refreshMs: 30_000,
    keep: true,
  })
  const models = useAnswer((signal) => gateway.models(signal), [key, turn, me.value?.model ?? ''], {
    keep: true,
  })
  const [notices, notify] = useNotices()
  const refresh = useCallback(() => {
    // A gateway takes some seconds to load another version.
    for (const ms of refreshesMs) setTimeout(() => setTurn((before) => before + 1), ms)
  }, [])
  const known = me.value ?? nobody
  const serving = known.model ?? models.value?.serving ?? null
  const versions = models.value?.models.flatMap(({ versions: all }) => all) ?? []
  const labelText = JSON.stringify(versions.find(({ model }) => model === serving)?.labels ?? [])
  const labels = useMemo(() => JSON.parse(labelText) as string[], [labelText])
  const session: Session = {
    gateway,
    me: { ...known, model: serving },
    labels,
    whyNot: (scope: Scope) => (permits(known, scope) ? undefined : missingScope(scope)),
    askForKey: () => {
      setIsAsking(true)
    },
    notify,
    refresh,
  }
  const places = useMemo(() => colourPlaces(labels, []), [labels])
  return (
    <SessionContext.Provider value={session}>
      <LabelColours.Provider value={places}>
        <a class="skip" href="#content" onClick={skipToContent}>
          Skip to the content
        </a>
        <Navigation route={route} hasKey={key !== undefined} isUp={me.error === undefined} />
        <main id="content" tabIndex={-1}>
          <CurrentView key={key ?? ''} route={route} />
        </main>
        <div class="notices" role="status" aria-live="polite">
          {notices.map(({ id, message, tone }) => (
            <p key={id} class={tone}>
              {message}
            </p>
          ))}
        </div>
        {isAsking && (
          <KeyDialog
            hasKey={key !== undefined}
            isRequired={known.keysRequired}
            onClose={() => {
              setIsAsking(false)
            }}
            onKey={(given) => {
              storeKey(given)
              setKey(given)
              setIsAsking(false)
              refresh()
            }}
          />
        )}
      </LabelColours.Provider>
    </SessionContext.Provider>
  )
}

function permits({ scopes }: Me, scope: Scope): boolean {
  return scopes.includes(scope) || (scope === 'read' && scopes.includes('read-masked'))
}

function CurrentView({ route }: { route: Route }) {
  useEffect(() => {
    document.title = `${titles[route.view]} · Winnow`
  }, [route.view])
  switch (route.view) {
    case 'live':
      return <LiveView route={route} />
    case 'try':
      return <TryView route={route} />
    case 'label':
      return <LabelView route={route} />
    case 'models':
      return <ModelsView route={route} />
    case 'runs':
      return <RunsView route={route} />
    case 'dead-letters':
      return <DeadLettersView route={route} />
  }
}

const titles: Readonly<Record<Route['view'], string>> = {
  live: 'Live',
  try: 'Try it',
  label: 'Label',
  models: 'Models',
  runs: 'Runs',
  'dead-letters': 'Dead letters',
}

function useNotices(): [readonly Notice[], (message: string, tone?: 'good' | 'bad') => void] {
  const [notices, setNotices] = useState<readonly Notice[]>([])
  const notify = useCallback((message: string, tone: 'good' | 'bad' = 'good') => {
    const id = performance.now()
    setNotices((before) => [...before.slice(-2), { id, message, tone }])
    setTimeout(() => {
      setNotices((before) => before.filter((notice) => notice.id !== id))
    }, noticeMs)
  }, [])
  return [notices, notify]
}

/** The fragment is a route here, so the link moves the focus by itself. */
function skipToContent(event: Event): void {
  event.preventDefault()
  document.getElementById('content')?.focus()
}
