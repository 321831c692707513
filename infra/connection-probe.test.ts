// Steps of a connection on this machine. TLS is in tests/integration/secure-kafka.test.ts and
// tests/integration/doctor-clickhouse.test.ts.
import { once } from 'node:events'
import { createServer, connect, type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { probeConnection } from './connection-probe.ts'

async function listening<T>(use: (port: number) => Promise<T>): Promise<T> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await use((server.address() as AddressInfo).port)
  } finally {
    server.close()
  }
}
const host = '127.0.0.1'

describe('probeConnection', () => {
  it('says how long a connection took', async () => {
    const found = await listening((port) =>
      probeConnection({ host, port, waitMsMax: 5_000, openTls: undefined }),
    )
    expect(found).toMatchObject({ addresses: [host], failure: undefined })
    expect(found.connectMs).toBeGreaterThan(0)
  })

  it('names the step that failed: a port, a host, a handshake that never ends', async () => {
    const port = await listening((one) => Promise.resolve(one))
    const closed = await probeConnection({ host, port, waitMsMax: 5_000, openTls: undefined })
    expect(closed.failure).toMatchObject({ step: 'tcp', error: { code: 'ECONNREFUSED' } })
    const nowhere = { host: 'no-such-host.invalid', port, waitMsMax: 5_000, openTls: undefined }
    expect((await probeConnection(nowhere)).failure).toMatchObject({ step: 'name' })
    const silent = await listening((open) =>
      probeConnection({ host, port: open, waitMsMax: 50, openTls: () => connect(open, host) }),
    )
    expect(silent.failure).toMatchObject({ step: 'tls', error: { code: 'ETIMEDOUT' } })
  })
})
