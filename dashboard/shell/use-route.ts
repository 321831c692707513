// The current route, and how to go to another one.
import { useEffect, useState } from 'preact/hooks'
import { fragmentOf, routeOf, type Route } from './routes.ts'

/** Follows the address. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash))
  useEffect(() => {
    const onChange = (): void => {
      setRoute(routeOf(location.hash))
    }
    addEventListener('hashchange', onChange)
    return () => {
      removeEventListener('hashchange', onChange)
    }
  }, [])
  return route
}

/** Goes to a route, as a new entry of the history. */
export function goTo(route: Parameters<typeof fragmentOf>[0]): void {
  location.hash = fragmentOf(route)
}

/** Changes parameters of the current route in place; undefined removes one. */
export function changeQuery(change: Readonly<Record<string, string | undefined>>): void {
  const route = routeOf(location.hash)
  const query = { ...route.query, ...change }
  const url = new URL(location.href)
  url.hash = fragmentOf({ ...route, query })
  history.replaceState(null, '', url)
  dispatchEvent(new HashChangeEvent('hashchange'))
}

/** The address of the current view with something open in it, or with nothing. */
export function fragmentWith(id: string | undefined): string {
  const { view, query } = routeOf(location.hash)
  return fragmentOf({ view, query, ...(id !== undefined && { id }) })
}
