// TLS to ClickHouse: the files of clickhouse.tls, which are read again when they change, and what a
// failed handshake says to a person.
import { readFileSync } from 'node:fs'
import { Agent, type AgentOptions } from 'node:https'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { Config } from '../../configs/schema.ts'
import { tlsFailure, wrongNameCode, type TlsFailure } from '../../configs/tls-problem.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { followFiles } from '../followed-files.ts'

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
  const paths = Object.values(files)
  // The former certificate may still be valid; if it is not, the server says so.
  const current = followFiles(
    paths,
    () => readTlsFiles(files),
    () => undefined,
  )
  const agent = new Agent(options)
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (to, ready) => connect({ ...to, ...current() }, ready)
  return agent
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

const problems: Readonly<Record<TlsFailure, string>> = {
  unknown_authority: untrusted,
  client_certificate_wanted: needsOurs,
  client_certificate_refused: refusedOurs,
  no_common_version: `the server speaks only TLS older than ${minVersion}`,
  handshake_refused: needsOurs,
  not_tls: noTls,
  expired: 'the certificate of the server has expired; renew it on the server',
  not_yet_valid:
    'the certificate of the server is not valid yet; check the clocks of both machines',
  revoked: 'the certificate of the server was revoked; replace it on the server',
}

/** What a handshake failed of, as a clause; undefined for an error that is not of TLS. */
export function tlsProblem(cause: unknown): string | undefined {
  for (let error = cause, depth = 0; error instanceof Error && depth < 10; depth++) {
    const { code, host, cert } = error as Error & { code?: unknown } & HostMismatch
    if (code === wrongNameCode) return wrongHost({ host, cert })
    const failure = tlsFailure(code)
    if (failure !== undefined) return problems[failure]
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
