// `winnow up`, `status` and `down` as commands, in a folder of their own and next to a taken port:
// the JSON documents that scripts read, and that nothing is left behind.
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { identityOf } from '../../infra/local/services/pid-file.ts'
import { startWinnow, winnow, type Environment } from '../support/cli.ts'
import { trainTestModel } from '../support/workspace.ts'

type Service = { name: string; pid: number | null; url: string; ready: boolean }
type Status = {
  stack: Service[]
  consumers: {
    group: string
    stage: string
    topic: string
    lag: number
    members: number
    lastCommit: string | null
  }[]
}

let dir: string
let env: Environment
const intruder = createServer()

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-up-'))
  intruder.listen(0, '127.0.0.1')
  await once(intruder, 'listening')
  const taken = (intruder.address() as AddressInfo).port
  env = {
    WINNOW_STATE: join(dir, 'state'),
    WINNOW_MODEL_STORE: join(dir, 'models'),
    WINNOW_INFERENCE_MODEL: 'test',
    WINNOW_GATEWAY_PORT: '0',
    WINNOW_LOCAL_KAFKA_PORT: String(taken),
    WINNOW_LOCAL_REGISTRY_PORT: '0',
    WINNOW_LOCAL_ANALYTICS_PORT: '0',
  }
})

afterAll(async () => {
  await winnow(['down'], { env })
  intruder.close()
  await rm(dir, { recursive: true })
})

async function json<T>(...argv: string[]): Promise<T> {
  const { status, stdout, stderr } = await winnow([...argv, '--json'], { env })
  expect({ status, lines: stdout.trim().split('\n').length }, stderr).toEqual({
    status: 0,
    lines: 1,
  })
  return JSON.parse(stdout) as T
}

describe('up, status and down', () => {
  it('tell scripts what runs where, work without addresses, and leave no process', async () => {
    const up = await json<Status>('up')
    expect(up.stack.map(({ name, ready }) => [name, ready])).toEqual([
      ['kafka', true],
      ['registry', true],
      ['analytics', true],
    ])
    const [kafka, registry, analytics] = up.stack as [Service, Service, Service]
    expect(kafka.url).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(kafka.url).not.toBe(`127.0.0.1:${env['WINNOW_LOCAL_KAFKA_PORT']}`)
    for (const { url } of [registry, analytics]) expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    for (const { pid } of up.stack) expect(await identityOf(pid!)).toBeDefined()
    expect(up.consumers).toEqual([])

    // The other commands find the services without settings.
    const answer = await json<{ rows: object[] }>(
      'query',
      'SELECT count() AS n FROM classifications',
    )
    expect(answer.rows).toEqual([{ n: 0 }])

    await trainTestModel(join(dir, 'models'))
    const [gateway, stream] = await Promise.all([
      startWinnow(['serve'], { env }),
      startWinnow(['stream', '--stages', 'validate..infer'], { env }),
    ])
    try {
      const done = await fetch(`${String(gateway.document['url'])}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"text":"where is my parcel?"}',
      })
      expect(done.status).toBe(202)
      await expect
        .poll(async () => (await json<Status>('status')).consumers, { timeout: 20_000 })
        .toEqual([
          {
            group: 'winnow.validate..infer',
            stage: 'validate..infer',
            topic: 'winnow.events',
            lag: 0,
            members: 1,
            state: 'stable',
            lastCommit: expect.any(String) as string,
          },
        ])
      const { stack } = await json<Status>('status')
      expect(stack.at(-1)).toMatchObject({
        name: 'gateway',
        pid: gateway.pid,
        url: gateway.document['url'],
        ready: true,
      })
      const table = await winnow(['query', 'SELECT label FROM classifications'], { env })
      expect(table.stdout).toContain('parcel')
    } finally {
      expect(await Promise.all([gateway.stop(), stream.stop()])).toEqual([0, 0])
    }
    // A stopped consumer is not reported as one that is up to date.
    const [stopped] = (await json<Status>('status')).consumers
    expect(stopped).toMatchObject({ lag: 0, members: 0, state: 'empty' })
    expect(Date.now() - Date.parse(stopped!.lastCommit!)).toBeLessThan(20_000)
    const table = await winnow(['status'], { env })
    expect(table.stdout).toContain('nobody since ')
    expect(table.stdout).toContain('start `winnow stream`')

    const down = await json<{ stopped: string[] }>('down')
    expect(down.stopped).toHaveLength(3)
    for (const { pid } of up.stack) expect(await identityOf(pid!)).toBeUndefined()
    const after = await json<Status>('status')
    expect(after.stack.map(({ pid, ready }) => [pid, ready])).toEqual(Array(3).fill([null, false]))
    // Its log is kept for finding the cause.
    const { logFile } = after.stack[2] as unknown as { logFile: string }
    expect(await readFile(logFile, 'utf8')).toBeTypeOf('string')
    const refused = await winnow(['query', 'SELECT 1'], { env })
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('winnow up') }) // prettier-ignore
  }, 120_000)
})
