// The Prometheus text, and the probes next to it.
import { afterEach, describe, expect, it } from 'vitest'
import { createTelemetry, listenTelemetry, type Probe } from './telemetry.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function listener(probes: readonly Probe[] = [], isAlive?: () => boolean) {
  const telemetry = createTelemetry()
  const listening = await listenTelemetry(telemetry, {
    host: '127.0.0.1',
    port: 0,
    probes,
    ...(isAlive && { isAlive }),
  })
  closers.push(() => listening.close())
  const get = async (path: string) => {
    const response = await fetch(`${listening.url}${path}`)
    return { status: response.status, text: await response.text(), headers: response.headers }
  }
  return { telemetry, get }
}

describe('/metrics', () => {
  it('counts events under names with units', async () => {
    const { telemetry, get } = await listener()
    const runner = telemetry.runner()
    runner.outcomes('validate', 'text_empty', 2)
    runner.outcomes('infer', 'ok', 40)
    runner.blockWritten(42, 0.02)
    runner.chainSeconds(0.3)
    runner.retried('write', 'analytics_unavailable')
    runner.inFlight(9, 900)
    runner.inFlight(5, 500)
    telemetry.runner().inFlight(2, 200)
    runner.lag('w.events', 3, 12)
    telemetry.observe('/v1/events', 'POST', 202, 0.004)
    telemetry.batch({
      size: 8,
      tokens: 100,
      paddedTokens: 110,
      waitMs: 5,
      runMs: 20,
      provider: 'cpu',
    })
    telemetry.answered('small')
    telemetry.smallShares({ recent: 0.6, built: 0.7 })
    const { status, text, headers } = await get('/metrics?x=1')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    for (const line of [
      'winnow_events_total{stage="validate",code="text_empty"} 2',
      'winnow_events_total{stage="infer",code="ok"} 40',
      'winnow_sink_rows_total 42',
      'winnow_cascade_texts_total{answered_by="small"} 1',
      'winnow_cascade_small_share 0.6',
      'winnow_cascade_small_share_built 0.7',
      'winnow_sink_write_seconds_sum 0.02',
      'winnow_slice_seconds_count 1',
      'winnow_retries_total{operation="write",code="analytics_unavailable"} 1',
      'winnow_in_flight_events 7',
      'winnow_in_flight_bytes 700',
      'winnow_consumer_lag_records{topic="w.events",partition="3"} 12',
      'winnow_tokens_total 100',
      'winnow_padded_tokens_total 110',
      'winnow_batch_texts_bucket{le="8"} 1',
      'winnow_batch_texts_bucket{le="4"} 0',
      'winnow_batch_seconds_sum{part="run"} 0.02',
      'winnow_batch_seconds_sum{part="wait"} 0.005',
      'winnow_http_request_seconds_count{route="/v1/events",method="POST",status="202"} 1',
    ]) {
      expect(text.split('\n')).toContain(line)
    }
  })

  it('has its own registry: two instances share nothing', async () => {
    const first = await listener()
    const second = await listener()
    first.telemetry.runner().outcomes('infer', 'ok', 1)
    expect((await second.get('/metrics')).text).not.toContain('winnow_events_total{')
  })
})

describe('probes', () => {
  it('is alive whatever its probes say, and ready if all of them pass', async () => {
    let broken = false
    const { get } = await listener([
      { name: 'fine', check: () => undefined },
      {
        name: 'runner',
        check: () => (broken ? Promise.reject(new Error('not joined')) : Promise.resolve()),
      },
    ])
    expect(await get('/readyz')).toMatchObject({ status: 200, text: 'ready\n' })
    broken = true
    expect(await get('/readyz')).toMatchObject({ status: 503, text: 'runner: not joined\n' })
    expect(await get('/livez')).toMatchObject({ status: 200, text: 'ok\n' })
    expect((await get('/elsewhere')).status).toBe(404)
  })

  it('is not alive after a final failure', async () => {
    let hasFailed = false
    const { get } = await listener([], () => !hasFailed)
    expect((await get('/livez')).status).toBe(200)
    hasFailed = true
    expect((await get('/livez')).status).toBe(503)
  })

  it('throws port_taken if another program listens on the port', async () => {
    const telemetry = createTelemetry()
    const first = await listenTelemetry(telemetry, { host: '127.0.0.1', port: 0, probes: [] })
    closers.push(() => first.close())
    const port = Number(new URL(first.url).port)
    const second = listenTelemetry(telemetry, { host: '127.0.0.1', port, probes: [] })
    await expect(second).rejects.toMatchObject({ code: 'port_taken' })
  })
})
