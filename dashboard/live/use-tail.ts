// Fills the list of recent results: one page first, then what the stream brings.
import { useCallback, useEffect, useReducer, useState } from 'preact/hooks'
import { useSession } from '../shell/session.ts'
import { changedTail, emptyTail, type Tail, type TailChange } from './tail.ts'

/** Which results. */
export type TailFilter = {
  readonly label?: string
  readonly source?: string
  readonly model?: string
  readonly q?: string
  readonly scoreBelow?: string
}

/** The list, how the stream does, and what can be done with it. */
export type TailState = {
  readonly tail: Tail
  readonly error: unknown
  readonly isLoading: boolean
  readonly stream: 'connecting' | 'live' | 'lost' | 'off'
  readonly hasOlder: boolean
  readonly change: (change: TailChange) => void
  readonly loadOlder: () => void
  readonly reload: () => void
}

const pageRows = 50
/** Results that arrive within this time are shown together, so that the page stays calm. */
const gatherMs = 250

/** Follows the results that match; `rangeMs` bounds how old the first page may be. */
export function useTail(filter: TailFilter, rangeMs: number, isFollowing: boolean): TailState {
  const { gateway } = useSession()
  const [tail, change] = useReducer(changedTail, emptyTail)
  const [page, setPage] = useState<{ cursor?: string; error?: unknown; isLoading: boolean }>({
    isLoading: true,
  })
  const [stream, setStream] = useState<TailState['stream']>('connecting')
  const [turn, setTurn] = useState(0)
  const key = JSON.stringify(filter)
  useEffect(() => {
    const stop = new AbortController()
    const { signal } = stop
    const wanted = JSON.parse(key) as TailFilter
    setPage({ isLoading: true })
    const first = async (): Promise<void> => {
      const query = { ...wanted, since: Date.now() - rangeMs, limit: pageRows }
      const { results, cursor } = await gateway.results(query, signal)
      change({ kind: 'start', rows: results })
      setPage({ isLoading: false, ...(cursor !== undefined && { cursor }) })
    }
    first().catch((error: unknown) => {
      if (!signal.aborted) setPage({ isLoading: false, error })
    })
    return () => {
      stop.abort()
    }
  }, [gateway, key, rangeMs, turn])
  useEffect(() => {
    // The stream cannot filter by score.
    const { scoreBelow, ...wanted } = JSON.parse(key) as TailFilter
    if (!isFollowing || scoreBelow !== undefined) {
      setStream('off')
      return undefined
    }
    const stop = new AbortController()
    setStream('connecting')
    const arrived: Tail['rows'][number][] = []
    const timer = setInterval(() => {
      if (arrived.length > 0) change({ kind: 'arrived', rows: arrived.splice(0) })
    }, gatherMs)
    const follow = async (): Promise<void> => {
      for await (const message of gateway.client.stream(wanted, { signal: stop.signal })) {
        if (message.kind === 'result') arrived.push(message.result)
        else setStream(message.kind === 'ready' ? 'live' : 'lost')
      }
    }
    follow().catch(() => {
      setStream('off')
    })
    return () => {
      stop.abort()
      clearInterval(timer)
    }
  }, [gateway, key, isFollowing, turn])
  const { cursor } = page
  const loadOlder = (): void => {
    const query = { ...filter, since: Date.now() - rangeMs, limit: pageRows, cursor }
    gateway
      .results(query)
      .then((older) => {
        change({ kind: 'older', rows: older.results })
        setPage({ isLoading: false, ...(older.cursor !== undefined && { cursor: older.cursor }) })
      })
      .catch((error: unknown) => {
        setPage({ isLoading: false, error })
      })
  }
  const reload = useCallback(() => {
    setTurn((before) => before + 1)
  }, [])
  const { error, isLoading } = page
  return {
    tail,
    error,
    isLoading,
    stream,
    hasOlder: cursor !== undefined,
    change,
    loadOlder,
    reload,
  }
}
