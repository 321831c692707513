// The name under which labels are given at a gateway without keys; with a key, the key has a name.
import { useState } from 'preact/hooks'
import { useSession } from './session.ts'

const name = 'winnow.by'

/** The name to send, undefined if the key says it or none was given; the typed one; how to set it. */
export function useSpeaker(): [string | undefined, string, (given: string) => void] {
  const { me } = useSession()
  const [typed, setTyped] = useState(() => localStorage.getItem(name) ?? '')
  const set = (given: string): void => {
    localStorage.setItem(name, given)
    setTyped(given)
  }
  const by = me.caller !== null || typed.trim() === '' ? undefined : typed.trim()
  return [by, typed, set]
}
