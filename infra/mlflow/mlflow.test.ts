// The MLflow client against servers that are away, not MLflow, or used by someone else at the same
// time. What it sends of a run is in trainers/tracking/sync-runs.test.ts.
import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { startFakeMlflow } from '../../tests/support/fake-mlflow.ts'
import { createMlflow } from './mlflow.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const json = (status: number, body: object): RequestListener => {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
}

it('finds an experiment again, and creates it once', async () => {
  const fake = await startFakeMlflow()
  closing.push(() => fake.close())
  const mlflow = createMlflow({ url: fake.url, requestMsMax: 5_000 })
  expect(await mlflow.experimentId('mail & more')).toBe('1')
  expect(await mlflow.experimentId('mail & more')).toBe('1')
  expect([...fake.experiments.keys()]).toEqual(['mail & more'])
})

it('uses an experiment that another process creates at the same moment', async () => {
  let searches = 0
  const address = await serve((request, response) => {
    const isSearch = request.url!.includes('get-by-name')
    const isThere = isSearch && searches++ > 0
    const code = isSearch ? 'RESOURCE_DOES_NOT_EXIST' : 'RESOURCE_ALREADY_EXISTS'
    const answer = isThere
      ? json(200, { experiment: { experiment_id: '7' } })
      : json(400, { error_code: code, message: '' })
    answer(request, response)
  })
  const mlflow = createMlflow({ url: `http://${address}`, requestMsMax: 5_000 })
  expect(await mlflow.experimentId('mail')).toBe('7')
})

it('reads all pages of runs', async () => {
  const address = await serve((request, response) => {
    let text = ''
    request.on('data', (part: Buffer) => (text += part.toString()))
    request.on('end', () => {
      const { page_token: token } = JSON.parse(text) as { page_token?: string }
      const run = { info: { run_id: token ?? 'first' }, data: {} }
      const next = token === undefined ? { next_page_token: 'second' } : {}
      json(200, { runs: [run], ...next })(request, response)
    })
  })
  const mlflow = createMlflow({ url: `http://${address}`, requestMsMax: 5_000 })
  const found = await mlflow.runsWithTag('1', { key: 'a', value: "it's" })
  expect(found.map(({ runId }) => runId)).toEqual(['first', 'second'])
})

it('sends the credentials of the address or the token, and shows neither', async () => {
  const seen: (string | undefined)[] = []
  const address = await serve((request, response) => {
    seen.push(request.headers.authorization)
    json(403, { message: 'not you' })(request, response)
  })
  const url = `http://me:secret@${address}/`
  const basic = createMlflow({ url, requestMsMax: 5_000 })
  expect(basic.url).toBe(`http://${address}`)
  await expect(basic.experimentId('mail')).rejects.toMatchObject({
    code: 'tracking_refused',
    message: `MLflow at http://${address} refused a request: it answered with status 403: not you`,
  })
  const bearer = createMlflow({ url, token: 'token', requestMsMax: 5_000 })
  await expect(bearer.experimentId('mail')).rejects.toMatchObject({ code: 'tracking_refused' })
  expect(seen).toEqual([`Basic ${Buffer.from('me:secret').toString('base64')}`, 'Bearer token'])
})

it('says so if something else answers, or nothing', async () => {
  const address = await serve((_, response) => response.end('<html>'))
  const other = createMlflow({ url: `http://${address}`, requestMsMax: 5_000 })
  await expect(other.experimentId('mail')).rejects.toMatchObject({
    code: 'tracking_refused',
    message: `What answers at http://${address} is not MLflow's REST API.`,
  })
  const away = createMlflow({ url: 'http://127.0.0.1:9', requestMsMax: 5_000 })
  await expect(away.experimentId('mail')).rejects.toMatchObject({ code: 'tracking_unavailable' })
})

it('gives up on a server that does not answer in time', async () => {
  const address = await serve(() => undefined)
  const mlflow = createMlflow({ url: `http://${address}`, requestMsMax: 20 })
  await expect(mlflow.experimentId('mail')).rejects.toMatchObject({ code: 'tracking_unavailable' })
})
