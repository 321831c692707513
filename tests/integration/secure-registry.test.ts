// The real registry behind TLS and basic authentication, as a proxy in front of it adds them: what
// works, what each wrong setting says, and that renewed files are used without a restart.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { createRegistryHttp } from '../../infra/schema-registry/registry-http.ts'
import { openSchemas, pingRegistry } from '../../infra/schema-registry/registry.ts'
import { uniqueName } from '../support/backends.ts'
import {
  hasOpenssl,
  makeAuthority,
  type Authority,
  type Certificate,
} from '../support/certificates.ts'
import type { Environment } from '../support/cli.ts'
import {
  registryUser,
  startSecureRegistry,
  type SecureRegistry,
} from '../support/secure-registry.ts'
import { withinProcess } from '../support/within-process.ts'

let dir: string
let authority: Authority
let client: Certificate
const open: SecureRegistry[] = []

/** Starts a proxy in front of the registry; returns its address. */
async function proxy(
  certificate: Certificate,
  { mutual = false, readOnly = false } = {},
): Promise<string> {
  const asked = mutual ? authority : undefined
  const options = { access: inject('stack'), mutual: asked, readOnly }
  const started = await startSecureRegistry(certificate, options)
  open.push(started)
  return started.url
}

beforeAll(() => {
  if (!hasOpenssl) return
  dir = mkdtempSync(join(tmpdir(), 'winnow-registry-tls-'))
  authority = makeAuthority(dir, 'authority')
  client = authority.sign('client')
})

afterAll(async () => {
  for (const one of open) await one.close()
  if (hasOpenssl) rmSync(dir, { recursive: true, force: true })
})

const settings = (url: string, more: Environment = {}): Environment => ({
  WINNOW_REGISTRY_URL: url,
  WINNOW_REGISTRY_TLS_CA_FILE: authority.certFile,
  WINNOW_REGISTRY_USERNAME: registryUser.username,
  WINNOW_REGISTRY_PASSWORD: registryUser.password,
  ...more,
})
const registryOf = (env: Environment) => loadConfig({ env }).registry

describe.skipIf(!hasOpenssl)('a registry behind TLS (skipped without openssl)', () => {
  it('registers and reads schemas with an authority of its own and basic authentication', async () => {
    const url = await proxy(authority.sign('server'))
    const schemas = await openSchemas(registryOf(settings(url)), `${uniqueName()}.`)
    const event = { id: 'x', text: 'a text', source: null, time: null, attributes: {}, label: null }
    const decoded = await schemas.decode('events', schemas.encode('events', event))
    expect(decoded).toMatchObject({ kind: 'ok', value: { text: 'a text' } })
  })

  it('lets a user who may only read use what is registered, and says when it is not', async () => {
    const prefix = `${uniqueName()}.`
    const readOnly = registryOf(settings(await proxy(authority.sign('ro'), { readOnly: true })))
    await expect(openSchemas(readOnly, prefix)).rejects.toMatchObject({
      code: 'registry_refused',
      message: expect.stringMatching(
        /refuses this user the right to do so \(status 403\)/,
      ) as string,
    })
    await openSchemas(registryOf(settings(await proxy(authority.sign('rw')))), prefix)
    const schemas = await openSchemas(readOnly, prefix)
    const event = { id: 'x', text: 'a text', source: null, time: null, attributes: {}, label: null }
    const decoded = await schemas.decode('events', schemas.encode('events', event))
    expect(decoded.kind).toBe('ok')
  })

  it('takes a client certificate', async () => {
    const url = await proxy(authority.sign('mutual-server'), { mutual: true })
    const certificate = {
      WINNOW_REGISTRY_TLS_CERT_FILE: client.certFile,
      WINNOW_REGISTRY_TLS_KEY_FILE: client.keyFile,
    }
    await pingRegistry(registryOf(settings(url, certificate)))
    await expect(pingRegistry(registryOf(settings(url)))).rejects.toThrow(
      /it closed the connection; if it wants a certificate .* set registry\.tls\.certFile/,
    )
  })

  it.each<[string, () => Promise<Environment>, RegExp]>([
    [
      'an unknown authority',
      async () => ({ WINNOW_REGISTRY_URL: await proxy(authority.sign('unknown')) }),
      /no authority that this client knows .*; set registry\.tls\.caFile/,
    ],
    [
      'an expired certificate',
      async () => {
        const valid = ['20200101000000Z', '20200201000000Z'] as const
        return settings(await proxy(authority.sign('expired', { valid })))
      },
      /its certificate has expired; renew it/,
    ],
    [
      'another host name',
      async () => settings(await proxy(authority.sign('other', { names: 'DNS:r.example.org' }))),
      /its certificate is for DNS:r\.example\.org, not for localhost; .* registry\.tls\.serverName/,
    ],
    [
      'a wrong password',
      async () =>
        settings(await proxy(authority.sign('password')), { WINNOW_REGISTRY_PASSWORD: 'wrong' }),
      /it refuses the credentials \(status 401\); check registry\.username and registry\.password/,
    ],
    [
      'https where the registry has none',
      () => Promise.resolve(settings(inject('stack').registryUrl.replace('http:', 'https:'))),
      /does not speak TLS on this port; set registry\.url to http/,
    ],
  ])('says what is wrong with %s, at once', async (_name, env, told) => {
    const startMs = performance.now()
    await expect(openSchemas(registryOf(await env()), 'x.')).rejects.toMatchObject({
      code: 'registry_refused',
      message: expect.stringMatching(told) as string,
    })
    expect(performance.now() - startMs).toBeLessThan(10_000)
  })

  it('uses a renewed password and authority for the next request', async () => {
    const url = await proxy(authority.sign('renewed'))
    const passwordFile = join(dir, 'password')
    const caFile = join(dir, 'current-ca.pem')
    writeFileSync(passwordFile, 'old\n')
    copyFileSync(makeAuthority(dir, 'former').certFile, caFile)
    const env = settings(url, {
      WINNOW_REGISTRY_PASSWORD: '',
      WINNOW_REGISTRY_PASSWORD_FILE: passwordFile,
      WINNOW_REGISTRY_TLS_CA_FILE: caFile,
    })
    const http = createRegistryHttp(registryOf(env))
    const read = () => http.get(`${http.url}/subjects`, { tries: 1 })
    await expect(read()).rejects.toThrow(/set registry\.tls\.caFile/)
    copyFileSync(authority.certFile, caFile)
    await expect(read()).rejects.toThrow(/status 401/)
    writeFileSync(passwordFile, `${registryUser.password}\n`)
    expect(await read()).toMatchObject({ kind: 'found' })
  })

  it('is checked by doctor: credentials, schemas, clock', async () => {
    const url = await proxy(authority.sign('doctor'))
    const env = settings(url, { WINNOW_KAFKA_BROKERS: 'localhost:9' })
    const { stdout } = await withinProcess(['doctor'], { env })
    expect(stdout).toMatch(/✓ schema registry: answers at https:\/\/localhost:\d+/)
    expect(stdout).toMatch(/[✓!] registry schemas: (all 7 are compatible|not registered: )/)
    const wrong = await withinProcess(['doctor'], {
      env: { ...env, WINNOW_REGISTRY_PASSWORD: 'wrong' },
    })
    expect(wrong.stdout).toMatch(/✗ schema registry: .*check registry\.username/)
    expect(wrong.status).toBe(1)
  })
})
