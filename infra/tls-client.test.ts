import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  hasOpenssl,
  lockKey,
  makeAuthority,
  type Authority,
} from '../tests/support/certificates.ts'
import { followClientTls } from './tls-client.ts'

const dir = mkdtempSync(join(tmpdir(), 'winnow-tls-client-'))
afterAll(() => rmSync(dir, { recursive: true }))
const follow = (settings: Parameters<typeof followClientTls>[1]) =>
  followClientTls('kafka.tls', settings, () => undefined)

describe('followClientTls', () => {
  it('needs no file: it trusts the authorities of the system', () => {
    const current = follow({ serverName: 'kafka.example.org' })
    expect(current()).toMatchObject({ servername: 'kafka.example.org' })
    // The same object until a file changes, so that parsed authorities are shared.
    expect(current()).toBe(current())
  })

  it.each([
    [{ caFile: join(dir, 'none.pem') }, /^kafka\.tls\.caFile: the file .* there is no such file/],
    [{ caFile: dir }, /^kafka\.tls\.caFile: the file .* this is a folder/],
  ])('refuses %j', (settings, told) => {
    expect(() => follow(settings)).toThrow(told)
  })

  it('refuses a file without a certificate, which OpenSSL would take for an empty list', () => {
    const caFile = join(dir, 'empty.pem')
    writeFileSync(caFile, 'no certificate\n')
    expect(() => follow({ caFile })).toThrow(
      /^kafka\.tls\.caFile: .* holds no readable certificate/,
    )
  })
})

describe.skipIf(!hasOpenssl)('a client certificate (skipped without openssl)', () => {
  let authority: Authority
  beforeAll(() => {
    authority = makeAuthority(dir, 'authority')
  })

  it('may have an encrypted key, with its passphrase', () => {
    const { certFile, keyFile } = lockKey(authority.sign('locked'), 'open-sesame')
    const opened = follow({ certFile, keyFile, keyPassphrase: 'open-sesame' })
    expect(opened().secureContext).toBeDefined()
    expect(() => follow({ certFile, keyFile })).toThrow(
      /^kafka\.tls: .*locked-locked\.key is encrypted; set kafka\.tls\.keyPassphrase$/,
    )
    expect(() => follow({ certFile, keyFile, keyPassphrase: 'wrong' })).toThrow(
      /^kafka\.tls: .*locked-locked\.key cannot be used together: .*; check kafka\.tls\.keyPassphrase$/,
    )
  })

  it('must fit its key', () => {
    const one = authority.sign('one')
    const other = authority.sign('other')
    const { certFile, keyFile } = one
    expect(follow({ certFile, keyFile })().secureContext).toBeDefined()
    expect(() => follow({ certFile, keyFile: other.keyFile })).toThrow(
      /^kafka\.tls: .*one\.pem and .*other\.key cannot be used together/,
    )
  })
})
