// The way to each view: a bar at the side, or at the bottom of a narrow window.
import { Icon } from '../parts/icon.tsx'
import { fragmentOf, type Route, type ViewName } from './routes.ts'
import { useSession } from './session.ts'
import { useTheme, type ThemeChoice } from './theme.ts'

const entries: readonly { view: ViewName; name: string; hint: string }[] = [
  { view: 'live', name: 'Live', hint: 'Labels as they come in' },
  { view: 'try', name: 'Try it', hint: 'Classify texts and files' },
  { view: 'label', name: 'Label', hint: 'Say what events are' },
  { view: 'models', name: 'Models', hint: 'Versions, promote, go back' },
  { view: 'runs', name: 'Runs', hint: 'Trainings and tunings' },
  { view: 'dead-letters', name: 'Dead letters', hint: 'Events that failed' },
]

const nextTheme: Readonly<Record<ThemeChoice, ThemeChoice>> = {
  system: 'light',
  light: 'dark',
  dark: 'system',
}
const themeNames = { system: 'as the system', light: 'light', dark: 'dark' }
const themeIcons = { system: 'system', light: 'sun', dark: 'moon' } as const

/** Brand, views, serving model, key and theme. */
export function Navigation(props: { route: Route; hasKey: boolean; isUp: boolean }) {
  const { me, askForKey } = useSession()
  const [theme, setTheme] = useTheme()
  return (
    <header class="shell">
      <a class="brand" href={fragmentOf({ view: 'live' })}>
        <Logo />
        Winnow
      </a>
      <nav aria-label="Views">
        {entries.map(({ view, name, hint }) => (
          <a
            key={view}
            href={fragmentOf({ view })}
            title={hint}
            aria-current={props.route.view === view ? 'page' : undefined}
          >
            <Icon name={view} size={18} />
            <span>{name}</span>
          </a>
        ))}
      </nav>
      <div class="shell-foot">
        <a class="serving" href={fragmentOf({ view: 'models' })} title="The model that serves now">
          <i class={props.isUp ? 'up' : 'down'} />
          <span>
            <small>{props.isUp ? 'Serving' : 'No answer'}</small>
            <b>{me.model ?? 'no model'}</b>
          </span>
        </a>
        <div class="shell-buttons">
          {(me.keysRequired || props.hasKey) && (
            <button type="button" class="quiet" onClick={askForKey}>
              <Icon name="key" />
              {me.caller ?? (props.hasKey ? 'API key' : 'Enter key')}
            </button>
          )}
          <button
            type="button"
            class="quiet icon-only"
            aria-label={`Colours: ${themeNames[theme]}. Change to ${themeNames[nextTheme[theme]]}`}
            title={`Colours: ${themeNames[theme]}`}
            onClick={() => {
              setTheme(nextTheme[theme])
            }}
          >
            <Icon name={themeIcons[theme]} />
          </button>
          <a class="button quiet" href="/docs">
            API
          </a>
        </div>
      </div>
    </header>
  )
}

function Logo() {
  return (
    <svg class="logo" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <rect width="24" height="24" rx="6" />
      <path d="M5 8l3 8 4-7 4 7 3-8" />
    </svg>
  )
}
