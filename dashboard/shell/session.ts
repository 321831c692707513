// Who the person is to the gateway: the API key, what it permits, and the client that carries it.
// The key stays in sessionStorage, so it ends with the tab.
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Me } from '../api/answers.ts'
import type { DashboardGateway } from '../api/gateway.ts'

/** What every view can use. */
export type Session = {
  readonly gateway: DashboardGateway
  readonly me: Me
  /** Labels of the serving model, in its order; empty without a model. */
  readonly labels: readonly string[]
  /** Why the key may not do this, as a sentence for a disabled button; undefined if it may. */
  readonly whyNot: (scope: Scope) => string | undefined
  readonly askForKey: () => void
  readonly notify: (message: string, tone?: 'good' | 'bad') => void
  /** Reads what the gateway serves again, after a release. */
  readonly refresh: () => void
}

/** What a key may permit. */
export type Scope = 'ingest' | 'read' | 'admin'

/** Provided by the app once the gateway has answered. */
export const SessionContext = createContext<Session | undefined>(undefined)

/** The session. It is there in every view. */
export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === undefined) throw new Error('a view needs a session')
  return session
}

const keyName = 'winnow.key'

/** The key of this tab. */
export function storedKey(): string | undefined {
  return sessionStorage.getItem(keyName) ?? undefined
}

/** Keeps a key for this tab, or forgets it. */
export function storeKey(key: string | undefined): void {
  if (key === undefined || key === '') sessionStorage.removeItem(keyName)
  else sessionStorage.setItem(keyName, key)
}

/** What a scope permits, as a reason. */
export function missingScope(scope: Scope): string {
  const permits = {
    ingest: 'sending events and labels',
    read: 'reading results',
    admin: 'changing which model serves, and replaying dead letters',
  }
  return `Your API key has no scope "${scope}", which permits ${permits[scope]}.`
}
