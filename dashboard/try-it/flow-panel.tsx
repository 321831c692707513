// The labels of a file that was sent, as they arrive, and as a file again.
import { useState } from 'preact/hooks'
import type { Result } from '../api/answers.ts'
import { failureText } from '../api/failure-text.ts'
import { csvText, jsonLines } from '../format/csv.ts'
import { count, percent, plural } from '../format/numbers.ts'
import { Bars } from '../parts/bars.tsx'
import { Icon } from '../parts/icon.tsx'
import { labelName, useLabelColour } from '../parts/label-chip.tsx'
import { Answered, Panel } from '../parts/panel.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { fragmentOf } from '../shell/routes.ts'
import { useSession } from '../shell/session.ts'
import { saveFile } from './save-file.ts'

/** A file on the stream. */
export type SentFile = {
  readonly source: string
  readonly events: number
  readonly startedMs: number
}

/** Progress and download. */
export function FlowPanel({ sent }: { sent: SentFile }) {
  const { gateway } = useSession()
  const colour = useLabelColour()
  const { source, events, startedMs } = sent
  const answer = useAnswer(
    (signal) =>
      gateway.summary(
        { since: startedMs - 60_000, until: Date.now(), buckets: 10, source },
        signal,
      ),
    [source],
    { refreshMs: 1_500, keep: true },
  )
  return (
    <Panel title="Its labels" aside={<DownloadButtons source={source} />}>
      <Answered answer={answer} rows={4}>
        {(summary) => (
          <>
            <p class="figure-line">
              <b>{count(summary.events)}</b> of {plural(events, 'event')} classified
              {summary.events >= events && (
                <span class="good">
                  {' '}
                  <Icon name="check" /> complete
                </span>
              )}
            </p>
            <progress
              max={events}
              value={Math.min(events, summary.events)}
              aria-label="Classified"
            />
            <Bars
              label="Events by label"
              bars={[...summary.labels]
                .sort((a, b) => b.events - a.events)
                .map(({ label, events: own }) => ({
                  key: label,
                  name: labelName(label),
                  share: own / Math.max(1, summary.events),
                  figure: `${count(own)}, ${percent(own / Math.max(1, summary.events))}`,
                  colour: colour(label),
                }))}
            />
            <p class="note">
              <a href={fragmentOf({ view: 'live', query: { source, range: '24h' } })}>
                Look at these events in Live
              </a>
            </p>
          </>
        )}
      </Answered>
    </Panel>
  )
}

const columns = ['id', 'label', 'score', 'model', 'classified_at', 'text'] as const

function DownloadButtons({ source }: { source: string }) {
  const { gateway, notify } = useSession()
  const [isReading, setIsReading] = useState(false)
  const save = async (format: 'csv' | 'jsonl'): Promise<void> => {
    setIsReading(true)
    try {
      const results: Result[] = []
      for await (const result of gateway.client.results({ source, limit: '1000' })) {
        results.push(result)
      }
      const name = source.replaceAll(/[^\w.-]+/g, '-')
      if (format === 'jsonl') saveFile(`${name}.labels.jsonl`, jsonLines(results))
      else saveFile(`${name}.labels.csv`, csvText(columns, results.map(rowOf)))
    } catch (error) {
      notify(failureText(error).detail, 'bad')
    } finally {
      setIsReading(false)
    }
  }
  return (
    <>
      <button type="button" disabled={isReading} onClick={() => void save('csv')}>
        <Icon name="download" /> CSV
      </button>
      <button type="button" disabled={isReading} onClick={() => void save('jsonl')}>
        <Icon name="download" /> JSONL
      </button>
    </>
  )
}

function rowOf(result: Result) {
  const { id, label, score, model, classifiedAt, text } = result
  return { id, label, score: String(score), model, classified_at: classifiedAt, text }
}
