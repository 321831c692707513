// TLS to ClickHouse: the files of clickhouse.tls, which are read again when they change, and what a
// failed handshake says to a person.
import { readFileSync, statSync } from 'node:fs'
import { Agent, type AgentOptions } from 'node:https'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** The files of clickhouse.tls. */
export type TlsFiles = NonNullable<Config['clickhouse']['tls']>

/** The oldest version of TLS that is spoken. */
const minVersion = 'TLSv1.2'

/**
 * Reads the files for `tls.connect`. Throws `config_invalid`, naming the setting and the file, if
 * one cannot be read or is no PEM, or if key and certificate do not fit.
 */
export function readTlsFiles(files: TlsFiles): SecureContextOptions {
  const context = {
    ca: readPem(files, 'caFile'),
    cert: readPem(files, 'certFile'),
    key: readPem(files, 'keyFile'),
    minVersion,
  } as const
  try {
    createSecureContext(context)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const named = Object.values(files).join(', ')
    throw wrongFiles(`clickhouse.tls: ${named} cannot be used: ${why}`, cause)
  }
  return context
}

/**
 * Creates the agent for connections with these files. A new connection takes files that have
 * changed, so a renewed certificate needs no restart; damaged ones leave those from before in use.
 * The caller destroys it.
 */
export function createTlsAgent(files: TlsFiles | undefined, options: AgentOptions): Agent {
  if (files === undefined) return new Agent({ ...options, minVersion })
  let context = readTlsFiles(files)
  let seen = fingerprint(files)
  const agent = new Agent(options)
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (to, ready) => {
    const current = fingerprint(files)
    if (current !== seen) {
      seen = current
      context = readOr(context, files)
    }
    return connect({ ...to, ...context }, ready)
  }
  return agent
}

function readOr(former: SecureContextOptions, files: TlsFiles): SecureContextOptions {
  try {
    return readTlsFiles(files)
  } catch {
    // The former certificate may still be valid; if it is not, the server says so.
    return former
  }
}

function fingerprint(files: TlsFiles): string {
  return Object.values(files)
    .map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs)
    .join(' ')
}

function readPem(files: TlsFiles, setting: keyof TlsFiles): string | undefined {
  const file = files[setting]
  if (file === undefined) return undefined
  try {
    const pem = readFileSync(file, 'utf8')
    if (pem.includes('-----BEGIN ')) return pem
  } catch (cause) {
    const isAbsent = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    const why = isAbsent ? 'is not there' : `cannot be read: ${(cause as Error).message}`
    throw wrongFiles(`clickhouse.tls.${setting}: the file ${file} ${why}`, cause)
  }
  throw wrongFiles(`clickhouse.tls.${setting}: the file ${file} is no PEM file`, undefined)
}

function wrongFiles(message: string, cause: unknown): WinnowError {
  return new WinnowError('config_invalid', message, { cause, details: { path: 'clickhouse.tls' } })
}

const untrusted =
  'the certificate of the server is not signed by an authority that is trusted here; set ' +
  'clickhouse.tls.caFile to the authority that signed it'
const refusedOurs =
  'the server does not accept the client certificate; check clickhouse.tls.certFile, and that its ' +
  'authority is one that the server trusts'
const needsOurs =
  'the server asks for a client certificate; set clickhouse.tls.certFile and clickhouse.tls.keyFile'
const noTls =
  'the server does not speak TLS on this port; use its HTTPS port (8443 by default), or http:// in ' +
  'clickhouse.url'

const problems: Readonly<Record<string, string>> = {
  // Node.js gives this code where what came is no TLS.
  EPROTO: noTls,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_SIGNATURE_FAILURE: untrusted,
  CERT_UNTRUSTED: untrusted,
  CERT_HAS_EXPIRED: 'the certificate of the server has expired; renew it on the server',
  CERT_NOT_YET_VALID:
    'the certificate of the server is not valid yet; check the clocks of both machines',
  CERT_REVOKED: 'the certificate of the server was revoked; replace it on the server',
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: needsOurs,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: refusedOurs,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: refusedOurs,
  ERR_SSL_SSL_TLS_ALERT_BAD_CERTIFICATE: refusedOurs,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: refusedOurs,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: refusedOurs,
  ERR_SSL_SSL_TLS_ALERT_CERTIFICATE_EXPIRED: refusedOurs,
  ERR_SSL_SSL_TLS_ALERT_CERTIFICATE_UNKNOWN: refusedOurs,
  ERR_SSL_SSL_TLS_ALERT_HANDSHAKE_FAILURE: needsOurs,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: needsOurs,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: `the server speaks only TLS older than ${minVersion}`,
  ERR_SSL_UNSUPPORTED_PROTOCOL: `the server speaks only TLS older than ${minVersion}`,
}

/** What a handshake failed of, as a clause; undefined for an error that is not of TLS. */
export function tlsProblem(cause: unknown): string | undefined {
  for (let error = cause, depth = 0; error instanceof Error && depth < 10; depth++) {
    const { code, host, cert } = error as Error & { code?: unknown } & HostMismatch
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return wrongHost({ host, cert })
    // OpenSSL 3.2 and later say "ssl/tls alert", earlier ones "sslv3 alert".
    const words = typeof code === 'string' ? problems[code.replaceAll('/', '_')] : undefined
    if (words !== undefined) return words
    error = error.cause
  }
  return undefined
}

type HostMismatch = { host?: unknown; cert?: { subjectaltname?: unknown } }

function wrongHost({ host, cert }: HostMismatch): string {
  const names = typeof cert?.subjectaltname === 'string' ? cert.subjectaltname : 'another host'
  return (
    `the certificate of the server is for ${names}, not for ${String(host)}; use a name of the ` +
    'certificate in clickhouse.url'
  )
}
