// TLS to ClickHouse: a real TLS server in front of the engine, with certificates that the test makes.
// Each wrong certificate gives one sentence that says what is wrong.
import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsOptions } from 'node:tls'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import type { Config } from '../../configs/schema.ts'
import { createAnalytics } from '../../infra/clickhouse/clickhouse.ts'
import { answers, choosePort } from '../../infra/local/services/free-ports.ts'
import { answer, startFakeClickHouse } from '../support/fake-clickhouse.ts'
import { connectionVariables } from '../support/backends.ts'
import {
  makeAuthority,
  hasOpenssl,
  type Authority,
  type Certificate,
} from '../support/certificates.ts'
import { openTlsFront } from '../support/tls-front.ts'
import { until } from '../support/until.ts'

const past = ['20200101000000Z', '20210101000000Z'] as const

/** The files of a certificate, as settings take them. */
const filesOf = ({ certFile, keyFile }: Certificate) => ({ certFile, keyFile })

type TlsSettings = Config['clickhouse']['tls']

describe.skipIf(!hasOpenssl)('ClickHouse behind TLS (skipped without openssl)', () => {
  let dir: string
  let ours: Authority
  let theirs: Authority
  let server: Certificate

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'winnow-tls-'))
    ours = makeAuthority(dir, 'ours')
    theirs = makeAuthority(dir, 'theirs')
    server = ours.sign('server')
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  /** Puts TLS in front of the engine, or of `target`; calls `use` with the port. */
  async function behind<T>(
    files: Certificate,
    use: (port: number) => Promise<T>,
    options: TlsOptions & { target?: string } = {},
  ): Promise<T> {
    const front = await openTlsFront(files, { target: inject('stack').clickhouseUrl, ...options })
    try {
      return await use(front.port)
    } finally {
      front.close()
    }
  }

  const configOf = (port: number, tls: TlsSettings, host = '127.0.0.1'): Config['clickhouse'] => {
    const { clickhouse } = loadConfig({ env: connectionVariables(inject('stack')) })
    return { ...clickhouse, url: `https://${host}:${port}`, tls }
  }

  /** The number 1 from the engine, or the sentence that says why not. */
  async function one(config: Config['clickhouse']): Promise<unknown> {
    const analytics = createAnalytics(config, { database: undefined })
    try {
      return await analytics.rows('SELECT 1 AS one')
    } catch (error) {
      expect(error).toMatchObject({ code: 'analytics_unavailable', retryable: true })
      return (error as Error).message
    } finally {
      await analytics.close()
    }
  }

  const yes = [{ one: 1 }]

  it('is trusted with its authority', async () => {
    const tls = { caFile: ours.certFile }
    expect(await behind(server, (port) => one(configOf(port, tls)))).toEqual(yes)
  })

  it('shows a client certificate to a server that asks for one', async () => {
    const mutual = { ca: readFileSync(ours.certFile), requestCert: true, rejectUnauthorized: true }
    const client = {
      caFile: ours.certFile,
      ...filesOf(ours.sign('client', { names: 'DNS:client' })),
    }
    expect(await behind(server, (port) => one(configOf(port, client)), mutual)).toEqual(yes)
  })

  it('says whether a server asks for a client certificate, or refuses the one it got', async () => {
    // As ClickHouse does, and other than Node.js, this server says why it ends a handshake.
    const [port, caFile] = [await choosePort([]), ours.certFile]
    const arguments_ = ['s_server', '-accept', `127.0.0.1:${port}`, '-Verify', '2', '-quiet']
    arguments_.push('-verify_return_error', '-CAfile', caFile)
    arguments_.push('-cert', server.certFile, '-key', server.keyFile)
    const process = spawn('openssl', arguments_, { stdio: ['pipe', 'ignore', 'ignore'] })
    try {
      await until('the server', () => answers(port))
      const said = (files?: Certificate) => one(configOf(port, { caFile, ...files }))
      expect(await said()).toMatch(/asks for a client certificate; set clickhouse\.tls\.certFile/)
      const stranger = theirs.sign('stranger', { names: 'DNS:stranger' })
      expect(await said(stranger)).toMatch(/does not accept the client certificate; check/)
      const expired = ours.sign('old-client', { names: 'DNS:client', valid: past })
      expect(await said(expired)).toMatch(/does not accept the client certificate; check/)
    } finally {
      process.kill()
    }
  })

  it('lets a certificate stand for the password', async () => {
    const fake = await startFakeClickHouse()
    const headers: unknown[] = []
    fake.select = (response) => {
      headers.push(response.req.headers)
      answer(200, '{"data":[{"one":1}]}').answer(response)
    }
    const client = { caFile: ours.certFile, ...filesOf(ours.sign('user', { names: 'DNS:user' })) }
    await behind(
      server,
      async (port) => {
        const config = { ...configOf(port, client), username: 'ann' }
        expect(await one({ ...config, password: undefined })).toEqual(yes)
        expect(await one({ ...config, password: 'secret' })).toEqual(yes)
      },
      { target: fake.url },
    )
    await fake.close()
    expect(headers).toMatchObject([
      { 'x-clickhouse-user': 'ann', 'x-clickhouse-ssl-certificate-auth': 'on' },
      { authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` },
    ])
    expect(headers[0]).not.toHaveProperty('authorization')
    expect(headers[1]).not.toHaveProperty('x-clickhouse-ssl-certificate-auth')
  })

  it('says what is wrong with each certificate', async () => {
    const tls = { caFile: ours.certFile }
    expect(await behind(server, (port) => one(configOf(port, undefined)))).toMatch(
      /not signed by an authority that is trusted here; set clickhouse\.tls\.caFile/,
    )
    expect(
      await behind(server, (port) => one(configOf(port, { caFile: theirs.certFile }))),
    ).toMatch(/not signed by an authority that is trusted here/)
    const expired = ours.sign('expired', { valid: past })
    expect(await behind(expired, (port) => one(configOf(port, tls)))).toMatch(
      /the certificate of the server has expired; renew it/,
    )
    const elsewhere = ours.sign('elsewhere', { names: 'DNS:other.example' })
    expect(await behind(elsewhere, (port) => one(configOf(port, tls)))).toMatch(
      /is for DNS:other\.example, not for 127\.0\.0\.1; use a name of the certificate/,
    )
  })

  it('says so when one side does not speak TLS', async () => {
    const { port } = new URL(inject('stack').clickhouseUrl)
    expect(await one(configOf(Number(port), undefined))).toMatch(/does not speak TLS on this port/)
    const plain = (port: number) => {
      const config = configOf(port, undefined)
      return one({ ...config, url: config.url.replace('https', 'http') })
    }
    expect(await behind(server, plain)).toMatch(/it closed the connection/)
  })

  it('takes a renewed certificate without a restart, and keeps the old one beside a damaged file', async () => {
    const mutual = { ca: readFileSync(ours.certFile), requestCert: true, rejectUnauthorized: true }
    const first = ours.sign('first', { names: 'DNS:client', valid: past })
    const renewed = ours.sign('renewed', { names: 'DNS:client' })
    const files = { certFile: join(dir, 'used.pem'), keyFile: join(dir, 'used.key') }
    const use = ({ certFile, keyFile }: Certificate, seconds: number) => {
      copyFileSync(certFile, files.certFile)
      copyFileSync(keyFile, files.keyFile)
      for (const file of Object.values(files)) utimesSync(file, seconds, seconds)
    }
    use(first, 1_000)
    await behind(
      server,
      async (port) => {
        const analytics = createAnalytics(configOf(port, { caFile: ours.certFile, ...files }), {
          database: undefined,
        })
        await expect(analytics.rows('SELECT 1')).rejects.toThrow('it closed the connection')
        use(renewed, 2_000)
        expect(await analytics.rows('SELECT 1 AS one')).toEqual(yes)
        writeFileSync(files.certFile, 'damaged')
        await Promise.all([1, 2, 3].map(() => analytics.rows('SELECT 1')))
        await analytics.close()
      },
      mutual,
    )
  })

  it('does not start with files that are missing, damaged or do not fit', () => {
    const open = (tls: TlsSettings) => () => createAnalytics(configOf(1, tls))
    const { certFile } = server
    expect(open({ caFile: '/none.pem' })).toThrow(/tls\.caFile: the file \/none\.pem is not there/)
    writeFileSync(join(dir, 'text.pem'), 'text')
    expect(open({ caFile: join(dir, 'text.pem') })).toThrow(/text\.pem is no PEM file/)
    expect(open({ certFile, keyFile: theirs.keyFile })).toThrow(/cannot be used: .*mismatch/)
  })
})
