// TLS of the listener: reads certificate and key, checks that they fit, and takes renewed ones
// without a restart. server.ts listens.
import { readFileSync } from 'node:fs'
import type { Server } from 'node:https'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { fileState } from '../../configs/file-state.ts'
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** The files of gateway.tls. */
export type TlsFiles = NonNullable<Config['gateway']['tls']>

/** How often the files are looked at. */
const followMs = 10_000

/** What Node's HTTPS server takes. */
export type TlsOptions = SecureContextOptions & {
  readonly requestCert: boolean
  readonly rejectUnauthorized: boolean
}

/**
 * Reads the files. With `clientCaFile`, clients must show a certificate of one of its authorities
 * (mutual TLS). Throws `config_invalid`, naming the setting and the file.
 */
export function readTls(files: TlsFiles): TlsOptions {
  const { certFile, keyFile, clientCaFile } = files
  const context: SecureContextOptions = {
    cert: readPem('certFile', certFile),
    key: readPem('keyFile', keyFile),
    ...(clientCaFile !== undefined && { ca: readPem('clientCaFile', clientCaFile) }),
    minVersion: 'TLSv1.2',
  }
  try {
    createSecureContext(context)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw wrongFiles(
      `gateway.tls: ${certFile} and ${keyFile} cannot be used together: ${why}`,
      cause,
    )
  }
  const isMutual = clientCaFile !== undefined
  return { ...context, requestCert: isMutual, rejectUnauthorized: isMutual }
}

/**
 * Gives the server new files when they change; returns the function that stops that. If the new
 * ones cannot be used, the server keeps those that it has.
 */
export function followTls(
  server: Server,
  files: TlsFiles,
  onProblem: (line: string) => void,
): () => void {
  const paths = Object.values(files)
  let seen = fileState(paths)
  const timer = setInterval(() => {
    const now = fileState(paths)
    if (now === seen) return
    seen = now
    try {
      server.setSecureContext(readTls(files))
    } catch (error) {
      onProblem(`${(error as Error).message}; the gateway goes on with the certificate that it has`)
    }
  }, followMs)
  timer.unref()
  return () => clearInterval(timer)
}

function readPem(setting: keyof TlsFiles, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : String(cause)
    throw wrongFiles(`gateway.tls.${setting}: the file ${file} ${why}`, cause)
  }
}

function wrongFiles(message: string, cause: unknown): WinnowError {
  return new WinnowError('config_invalid', message, { cause, details: { path: 'gateway.tls' } })
}
