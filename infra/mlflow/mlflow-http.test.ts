// What a request to MLflow does not do: follow redirects, read without end, wait for ever, or try
// again when its caller gave up.
import { z } from 'zod'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startFakeMlflow, type FakeMlflow } from '../../tests/support/fake-mlflow.ts'
import { createMlflowHttp } from './mlflow-http.ts'

let fake: FakeMlflow
beforeEach(async () => {
  fake = await startFakeMlflow()
})
afterEach(() => fake.close())

const get = (patience: Parameters<typeof createMlflowHttp>[1] = {}) =>
  createMlflowHttp({ url: fake.url, requestMsMax: 5_000 }, patience).call('runs/get', {
    answer: z.unknown(),
  })

it.each([301, 302, 307, 308])(
  'refuses a redirect with status %i, and tells where to',
  async (status) => {
    fake.misbehave = (_, response) => {
      const location = 'https://user:secret@elsewhere.example/x?token=secret'
      response.writeHead(status, { location }).end()
      return 'answered'
    }
    const refused = get()
    await expect(refused).rejects.toMatchObject({
      code: 'tracking_refused',
      message: expect.stringContaining('it redirects to elsewhere.example') as string,
    })
    await expect(refused).rejects.not.toThrow('secret')
    expect(fake.requests).toHaveLength(1)
  },
)

it('refuses an answer that is too large, once', async () => {
  fake.misbehave = (_, response) => {
    response.end(Buffer.alloc(5_000_000, ' '))
    return 'answered'
  }
  await expect(get()).rejects.toMatchObject({
    code: 'tracking_refused',
    message: expect.stringContaining('larger than 4194304 bytes') as string,
  })
  expect(fake.requests).toHaveLength(1)
})

it('shows control characters and long texts of a refusal in short', async () => {
  fake.misbehave = (_, response) => {
    const message = `\u001b[31mno\u0007 ${'x'.repeat(10_000)}`
    response.writeHead(400).end(JSON.stringify({ message }))
    return 'answered'
  }
  const error = await get().catch((thrown: unknown) => thrown as Error)
  expect((error as Error).message).toMatch(/status 400: {2}\[31mno {2}x+$/)
  expect((error as Error).message.length).toBeLessThan(700)
})

it('tries once if asked to, and not again when its caller gave up', async () => {
  fake.failures.push(503, 503, 503, 503)
  await expect(get({ tries: 1 })).rejects.toMatchObject({ code: 'tracking_unavailable' })
  expect(fake.requests).toHaveLength(1)
  const signal = AbortSignal.abort()
  await expect(get({ signal })).rejects.toMatchObject({ code: 'tracking_unavailable' })
  expect(fake.requests).toHaveLength(1)
})

it('sends user and password where there is no token', async () => {
  const settings = { url: fake.url, requestMsMax: 5_000, username: 'me', password: 'secret' }
  let seen: string | undefined
  fake.misbehave = (_, response) => {
    seen = response.req.headers.authorization
    response.end('{}')
    return 'answered'
  }
  await createMlflowHttp(settings).call('runs/get', { answer: z.unknown() })
  expect(seen).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`)
})
