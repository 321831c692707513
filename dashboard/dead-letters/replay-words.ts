// What a replay did, in one sentence.
import type { Replayed } from '../api/answers.ts'
import { count, plural } from '../format/numbers.ts'

/** "3 events were sent again", with why others were not. */
export function replayWords({ matched, sent, skipped, stopped }: Replayed): string {
  const others = Object.entries(skipped)
    .filter(([, events]) => events > 0)
    .map(([reason, events]) => `${count(events)} ${reason}`)
  if (matched === 0) return 'Nothing matched; it may be settled already'
  const rest = stopped ? '; not all were reached, so replay again' : ''
  const sentence = `${plural(sent, 'event was', 'events were')} sent again${rest}`
  return others.length === 0 ? sentence : `${sentence}; left out: ${others.join(', ')}`
}
