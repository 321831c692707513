// A time as a person reads it: how long ago, exactly on hover.
import { ago, exactTime } from '../format/times.ts'
import { useNow } from './use-answer.ts'

/** "5 min ago", with the exact time as its title. */
export function Ago({ time }: { time: string }) {
  const now = useNow(5_000)
  return (
    <time dateTime={time} title={exactTime(time)}>
      {ago(time, now)}
    </time>
  )
}
