// Ways to send events, on the real broker and engine: results that a request waits for, and an
// Idempotency-Key that survives a gateway that is killed between publishing and answering.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { startWinnow, type Running } from '../support/cli.ts'
import { until } from '../support/until.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

let space: Workspace
let stream: Running
let gateway: Running

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
  const { env } = space
  const stages = startWinnow(['stream', '--stages', 'validate..infer'], { env })
  ;[stream, gateway] = await Promise.all([stages, startWinnow(['serve'], { env })])
})

afterAll(async () => {
  await gateway.stop()
  await stream.stop()
  await space.close()
})

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${String(gateway.document['url'])}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> }
}

it('waits for results, and says which events the stream rejected', async () => {
  const texts = Array.from({ length: 20 }, (_, at) => ({ text: sampleText(at).text }))
  const all = await post('/v1/events?wait=30', texts)
  expect(all.status).toBe(200)
  const results = all.json['results'] as { id: string; text: string }[]
  expect(results.map(({ text }) => text)).toEqual(texts.map(({ text }) => text))
  expect(results.map(({ id }) => id)).toEqual(all.json['ids'])
  // Nothing is left of this text after cleaning, which only the stream does.
  const id = 'ingest-letter'
  const first = await post('/v1/events?wait=30', { id, text: 'once' })
  expect(first.status).toBe(200)
  const again = await post('/v1/events?wait=30', { id, text: 'twice' })
  expect(again.json['results']).toMatchObject([{ id, text: 'once' }])
})

it('gives one row per event when the gateway is killed before it answers', async () => {
  await gateway.stop()
  const { env } = space
  const headers = { 'idempotency-key': 'ingest-kill' }
  const events = Array.from({ length: 30 }, (_, at) => ({ text: `killed ${sampleText(at).text}` }))
  const rows = async () => {
    const [row] = await space.analytics.rows<{ rows: number; ids: number }>(
      `SELECT count() AS rows, uniqExact(event_id) AS ids FROM classifications
       WHERE startsWith(text, 'killed ')`,
    )
    return row!
  }
  gateway = await startWinnow(['serve'], { env })
  // Killed as soon as the first rows are there: published, and not yet known to the caller.
  const lost = post('/v1/events?wait=30', events, headers).catch((error: unknown) => error)
  await until('a row', async () => (await rows()).rows > 0)
  await gateway.stop('SIGKILL')
  await lost
  // As if the gateway had ended before it noted that the broker has the events.
  const journal = join(space.env['WINNOW_STATE']!, 'gateway-0-requests.jsonl')
  const notes = (await readFile(journal, 'utf8')).trim().split('\n')
  const begun = notes.filter((note) => note.includes('"isDone":false'))
  expect(begun.length).toBeGreaterThan(0)
  await writeFile(journal, `${begun.join('\n')}\n`)
  // The stream forgets the ids that it has seen.
  await until('all rows', async () => (await rows()).rows === 30)
  await stream.stop()
  ;[stream, gateway] = await Promise.all([
    startWinnow(['stream', '--stages', 'validate..infer'], { env }),
    startWinnow(['serve'], { env }),
  ])
  const again = await post('/v1/events?wait=30', events, headers)
  expect([again.status, (again.json['ids'] as string[]).length]).toEqual([200, 30])
  const marker = await post('/v1/events?wait=30', { text: 'the last one of all' })
  expect(marker.status).toBe(200)
  expect(await rows()).toEqual({ rows: 30, ids: 30 })
  const other = await post('/v1/events', [{ text: 'other' }], headers)
  expect([other.status, other.json['code']]).toEqual([409, 'idempotency_conflict'])
})
