// Reads an answer of the gateway for a view, and again at intervals while the page is visible. The
// last answer stays on the screen while a newer one is on its way.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'

/** What a view knows of an answer. */
export type Answer<Value> = {
  /** The latest answer; undefined before the first. */
  readonly value: Value | undefined
  /** Why the latest try failed; undefined if it did not. */
  readonly error: unknown
  readonly isLoading: boolean
  readonly reload: () => void
}

/**
 * Reads with `load` whenever `inputs` change. With `refreshMs` it reads again that long after each
 * answer. `keep` leaves the answer to earlier inputs on the screen meanwhile.
 */
export function useAnswer<Value>(
  load: (signal: AbortSignal) => Promise<Value>,
  inputs: readonly (string | number | boolean | undefined)[],
  options: { readonly refreshMs?: number; readonly keep?: boolean } = {},
): Answer<Value> {
  const [state, setState] = useState<{ value?: Value; error?: unknown; isLoading: boolean }>({
    isLoading: true,
  })
  const [turn, setTurn] = useState(0)
  const latest = useRef(load)
  latest.current = load
  const { refreshMs, keep = false } = options
  const inputKey = JSON.stringify(inputs)
  const shownKey = useRef(inputKey)
  useEffect(() => {
    const stop = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const isNew = shownKey.current !== inputKey
    shownKey.current = inputKey
    setState(({ value }) => (isNew && !keep ? { isLoading: true } : { value, isLoading: true }))
    const read = async (): Promise<void> => {
      try {
        const value = await latest.current(stop.signal)
        if (!stop.signal.aborted) setState({ value, isLoading: false })
      } catch (error) {
        if (!stop.signal.aborted) setState(({ value }) => ({ value, error, isLoading: false }))
      }
      again()
    }
    const again = (): void => {
      if (refreshMs === undefined || stop.signal.aborted) return
      timer = setTimeout(() => {
        // A page that nobody sees asks for nothing.
        if (document.hidden) again()
        else void read()
      }, refreshMs)
    }
    void read()
    return () => {
      stop.abort()
      clearTimeout(timer)
    }
  }, [inputKey, turn, refreshMs, keep])
  const reload = useCallback(() => {
    setTurn((before) => before + 1)
  }, [])
  return { value: state.value, error: state.error, isLoading: state.isLoading, reload }
}

/** The time, which moves on every second or so; for relative times. */
export function useNow(everyMs = 1_000): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now())
    }, everyMs)
    return () => {
      clearInterval(timer)
    }
  }, [everyMs])
  return now
}
