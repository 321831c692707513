// Addresses within the dashboard: `#/live?range=1h&label=spam`. They are in the fragment, so that
// the gateway serves one page, and everything that a view filters by is in them.

/** The views, in the order of the navigation. */
export const views = ['live', 'try', 'label', 'models', 'runs', 'dead-letters'] as const

/** One of them. */
export type ViewName = (typeof views)[number]

/** A place in the dashboard. */
export type Route = {
  readonly view: ViewName
  /** What is open in the view: an event, a run, a dead letter, a model. */
  readonly id?: string
  readonly query: Readonly<Record<string, string>>
}

/** The route of a fragment; an unknown one leads to the first view. */
export function routeOf(fragment: string): Route {
  const [path = '', search = ''] = fragment.replace(/^#?\/?/, '').split(/\?(.*)/s)
  const [first = '', ...rest] = path.split('/')
  const view = views.find((name) => name === first) ?? 'live'
  const id = rest.map(decoded).join('/')
  const query = Object.fromEntries(new URLSearchParams(search))
  return id === '' ? { view, query } : { view, id, query }
}

/** The fragment of a route; parameters without a value are left out. */
export function fragmentOf(route: {
  readonly view: ViewName
  readonly id?: string
  readonly query?: Readonly<Record<string, string | undefined>>
}): string {
  const given = Object.entries(route.query ?? {}).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, value] as [string, string]],
  )
  const search = new URLSearchParams(given).toString()
  const id = route.id === undefined ? '' : `/${encodeURIComponent(route.id)}`
  return `#/${route.view}${id}${search === '' ? '' : `?${search}`}`
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
