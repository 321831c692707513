// The status line of `stream` and `serve` on a terminal, and the progress of commands that end by
// themselves.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { gatewayFigures, liveLine, showLive, streamFigures } from './live-figures.ts'
import { progressText } from './progress-text.ts'
import { createTerminal, durationText } from './terminal.ts'
import { createTelemetry } from '../infra/telemetry.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const reader = (telemetry: ReturnType<typeof createTelemetry>) => async (name: string) =>
  (await telemetry.registry.getSingleMetric(name)?.get())?.values ?? []

describe('the line', () => {
  it('of a stream has texts, rows, dead letters, lag and the serving model', async () => {
    const telemetry = createTelemetry()
    const first = await streamFigures(reader(telemetry))
    expect(liveLine(first, { done: 0, elapsedMs: 1_000 })).toBe(
      '0 texts/s, 0 texts, 0 rows written, 0 dead letters, lag not known yet',
    )
    const runner = telemetry.runner()
    runner.outcomes('infer', 'ok', 1_500)
    runner.outcomes('validate', 'text_empty', 1)
    runner.blockWritten(1_501, 0.1)
    runner.lag('winnow.events', 0, 12)
    runner.lag('winnow.events', 1, 1_000)
    telemetry.serving('mail', 'champion', '1')
    telemetry.serving('mail', 'champion', '2')
    const then = await streamFigures(reader(telemetry))
    expect(liveLine(then, { done: 501, elapsedMs: 2_000 })).toBe(
      '500 texts/s, 1,501 texts, 1,500 rows written, 1 dead letter, lag 1,012, model mail@2',
    )
  })

  it('of a gateway has requests by outcome', async () => {
    const telemetry = createTelemetry()
    telemetry.observe('/v1/events', 'POST', 202, 0.01)
    telemetry.observe('/v1/events', 'POST', 422, 0.01)
    telemetry.observe('/v1/classify', 'POST', 503, 0.01)
    telemetry.observe('/v1/classify', 'POST', 200, 0.01)
    const figures = await gatewayFigures(reader(telemetry))
    expect(liveLine(figures, { done: 0, elapsedMs: 1_000 })).toBe(
      '4 requests/s, 4 requests, 1 refused (4xx), 1 failed (5xx)',
    )
  })

  it('is updated every second on a terminal, and shown nowhere else', async () => {
    const written: string[] = []
    vi.spyOn(process.stderr, 'write').mockImplementation((part) => {
      written.push(String(part))
      return true
    })
    vi.useFakeTimers()
    const telemetry = createTelemetry()
    const plain = { ...createTerminal({ json: false }), isLive: false }
    const stopPlain = showLive(plain, telemetry, streamFigures)
    await vi.advanceTimersByTimeAsync(5_000)
    stopPlain()
    expect(written).toEqual([])
    const lines: string[] = []
    const live = { ...plain, isLive: true, progress: (line: string) => lines.push(line) }
    const stop = showLive(live, telemetry, streamFigures)
    await vi.advanceTimersByTimeAsync(3_100)
    stop()
    await vi.advanceTimersByTimeAsync(3_000)
    expect(lines).toHaveLength(3)
  })
})

describe('progressText', () => {
  it.each([
    [{ done: 1_200, total: 5_000, elapsedMs: 4_000 }, '1,200 of 5,000 events, 300 per second, 12.7 s left'], // prettier-ignore
    [{ done: 0, total: 5_000, elapsedMs: 0 }, '0 of 5,000 events'],
    [{ done: 10, total: undefined, elapsedMs: 1_000 }, '10 events, 10 per second'],
    [{ done: 1, total: 1, elapsedMs: 1_000, also: '1 sent' }, '1 of 1 event, 1 sent, 1 per second, 0 ms left'], // prettier-ignore
  ])('%j', (progress, text) => {
    expect(progressText({ noun: 'event', ...progress })).toBe(text)
  })
})

it.each([
  [950, '950 ms'],
  [12_300, '12.3 s'],
  [245_000, '4 min 5 s'],
  [119_900, '2 min 0 s'],
  [7_800_000, '2 h 10 min'],
  [277_200_000, '3 d 5 h'],
])('%d ms is %s', (ms, text) => {
  expect(durationText(ms)).toBe(text)
})
