// A consumer and a gateway start while the artifact store is unreachable: they serve the version
// that they have, and say so.
import { createServer } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { openProducer, type RecordProducer } from '../../infra/kafka/kafka.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { startWinnow } from '../support/cli.ts'
import { until } from '../support/until.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

let space: Workspace
let producer: RecordProducer

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
  producer = await openProducer(space.kafka)
})

afterAll(async () => {
  await producer.close()
  await space.close()
})

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

it('serves what it has while the artifact store is away, and says so', async () => {
  const endpoint = `http://127.0.0.1:${await closedPort()}`
  const store = [
    'store.kind=s3',
    `store.endpoint=${endpoint}`,
    'store.bucket=models',
    'store.triesMax=2',
    'store.accessKeyId=key',
    'store.secretAccessKey=secret',
  ].flatMap((setting) => ['--set', setting])
  const { env } = space
  const stream = await startWinnow(['stream', '--stages', 'validate..infer', ...store], { env })
  const gateway = await startWinnow(['serve', ...store], { env })
  const note = /s3:\/\/models\/\S* did not answer .*; serving test@1 from /
  for (const service of [stream, gateway]) {
    await until('the note', () => note.test(service.output().stderr))
  }
  expect(gateway.document).toMatchObject({ model: 'test@1' })
  const { text, label } = sampleText(700)
  const value = JSON.stringify({ id: 'while-away', text })
  await producer.send(topicOf(space.config.topics, 'events'), [{ key: 'while-away', value }])
  const row = await until('the row', async () => {
    const [found] = await space.analytics.rows<{ label: string; version: string }>(
      "SELECT label, version FROM classifications WHERE event_id = 'while-away'",
    )
    return found
  })
  expect(row).toEqual({ label, version: '1' })
  const answer = await fetch(new URL('/v1/classify', gateway.document['url'] as string), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ texts: [text] }),
  })
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({ results: [{ label }] })
  await stream.stop()
  await gateway.stop()
})
