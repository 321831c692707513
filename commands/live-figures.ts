// The status line of `stream` and `serve`, updated every second on a terminal. Its figures come
// from the metrics. It is not shown if stderr is not a terminal, or with --json.
import type { Telemetry } from '../infra/telemetry.ts'
import { counted } from '../schemas/counted.ts'
import { countText, type Terminal } from './terminal.ts'

type Sample = { readonly value: number; readonly labels: Partial<Record<string, string | number>> }

/** Reads the samples of a metric; empty if the metric has none. */
export type ReadSamples = (name: string) => Promise<readonly Sample[]>

/** The figures at one moment: the count since the start, and the line without its rate. */
export type LiveFigures = {
  /** What the rate counts: texts, or requests. */
  readonly done: number
  readonly noun: string
  readonly rest: string
}

/** The figures of a stream: processed texts, rows, dead letters, lag, and the serving model. */
export async function streamFigures(read: ReadSamples): Promise<LiveFigures> {
  const events = await read('winnow_events_total')
  const lags = await read('winnow_consumer_lag_records')
  const withCode = (...codes: string[]) =>
    sum(events.filter(({ labels }) => codes.includes(String(labels['code']))))
  const leftOut = withCode('filtered')
  const letters = sum(events) - withCode('ok', 'filtered', 'other_model')
  // The metric counts dead letters too, once they are written.
  const rows = Math.max(0, sum(await read('winnow_sink_rows_total')) - letters)
  return {
    done: sum(events),
    noun: 'text',
    rest: [
      `${counted(rows, 'row')} written`,
      counted(letters, 'dead letter'),
      ...(leftOut === 0 ? [] : [`${countText(leftOut)} filtered`]),
      // Known after the first commit.
      `lag ${lags.length === 0 ? 'not known yet' : countText(sum(lags))}`,
      ...(await modelText(read)),
    ].join(', '),
  }
}

/** The figures of a gateway: requests by outcome, and the serving model. */
export async function gatewayFigures(read: ReadSamples): Promise<LiveFigures> {
  const requests = (await read('winnow_http_request_seconds')).filter(
    (one) => (one as { metricName?: string }).metricName === 'winnow_http_request_seconds_count',
  )
  const withStatus = (from: number) =>
    sum(
      requests.filter(
        ({ labels }) => Number(labels['status']) >= from && Number(labels['status']) < from + 100,
      ),
    )
  return {
    done: sum(requests),
    noun: 'request',
    rest: [
      `${countText(withStatus(400))} refused (4xx)`,
      `${countText(withStatus(500))} failed (5xx)`,
      ...(await modelText(read)),
    ].join(', '),
  }
}

async function modelText(read: ReadSamples): Promise<string[]> {
  const models = await read('winnow_model_info')
  const champions = models
    .filter(({ labels, value }) => labels['role'] === 'champion' && value === 1)
    .map(({ labels: { model, version } }) => `${String(model)}@${String(version)}`)
  if (champions.length === 0) return []
  return [`${champions.length === 1 ? 'model' : 'models'} ${champions.join(', ')}`]
}

function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, { value }) => total + value, 0)
}

/** Formats the line, with the rate since the previous one. */
export function liveLine(
  { done, noun, rest }: LiveFigures,
  before: { readonly done: number; readonly elapsedMs: number },
): string {
  const rate = before.elapsedMs > 0 ? ((done - before.done) / before.elapsedMs) * 1_000 : 0
  return `${countText(rate)} ${noun}s/s, ${counted(done, noun)}, ${rest}`
}

const everyMs = 1_000

/** Shows the line until the returned function is called. */
export function showLive(
  terminal: Terminal,
  telemetry: Pick<Telemetry, 'registry'>,
  figures: (read: ReadSamples) => Promise<LiveFigures>,
): () => void {
  if (!terminal.isLive) return () => undefined
  const read: ReadSamples = async (name) =>
    (await telemetry.registry.getSingleMetric(name)?.get())?.values ?? []
  let before = { done: 0, atMs: performance.now() }
  let stopped = false
  const look = async (): Promise<void> => {
    const now = await figures(read)
    if (stopped) return
    const atMs = performance.now()
    terminal.progress(liveLine(now, { done: before.done, elapsedMs: atMs - before.atMs }))
    before = { done: now.done, atMs }
  }
  const timer = setInterval(() => void look(), everyMs)
  timer.unref()
  return () => {
    stopped = true
    clearInterval(timer)
    terminal.progressDone()
  }
}
