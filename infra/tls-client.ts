// TLS of a client: authorities, client certificate and server name, from files that are followed.
// What failures mean is configs/tls-problem.ts.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  checkServerIdentity,
  createSecureContext,
  getCACertificates,
  type ConnectionOptions,
  type PeerCertificate,
  type SecureContext,
} from 'node:tls'
import type { Config } from '../configs/schema.ts'
import { fileProblem } from '../configs/file-problem.ts'
import { wrongNameCode } from '../configs/tls-problem.ts'
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import { followFiles } from './followed-files.ts'

/** The settings under `kafka.tls` or `registry.tls`. */
export type ClientTlsSettings = NonNullable<Config['kafka']['tls']>

/** What `tls.connect` takes; the same object until a file changes. */
export type ClientTls = Pick<ConnectionOptions, 'checkServerIdentity'> & {
  readonly secureContext: SecureContext
  /** The name to send and to check; undefined for the name of the host. */
  readonly servername?: string
}

/**
 * Reads the files and returns the function that gives the options for a new connection. Without
 * `caFile`, it trusts the authorities of Node.js and of the system. Throws `config_invalid`, naming
 * the setting and the file, if a file cannot be used.
 */
export function followClientTls(
  setting: 'kafka.tls' | 'kafka.oauth' | 'registry.tls',
  settings: ClientTlsSettings,
  onProblem: (line: string) => void,
): () => ClientTls {
  const { caFile, certFile, keyFile } = settings
  const files = [caFile, certFile, keyFile].filter((file) => file !== undefined)
  return followFiles(files, () => readClientTls(setting, settings), onProblem)
}

function readClientTls(setting: string, settings: ClientTlsSettings): ClientTls {
  const { caFile, certFile, keyFile, keyPassphrase, serverName } = settings
  const read = (name: string, file: string | undefined) =>
    file === undefined ? undefined : readPem(`${setting}.${name}`, file)
  const ca = read('caFile', caFile)
  const cert = read('certFile', certFile)
  const key = read('keyFile', keyFile)
  if (ca !== undefined) {
    refuseUnusable(`${setting}.caFile: ${caFile!} holds no readable certificate`, () => {
      // OpenSSL takes a file without any certificate for an empty list.
      new X509Certificate(ca)
    })
  }
  const isLocked = key !== undefined && lockedKey.test(key)
  if (isLocked && keyPassphrase === undefined) {
    const message = `${setting}: the key ${keyFile!} is encrypted; set ${setting}.keyPassphrase`
    throw new WinnowError('config_invalid', message)
  }
  const ownFiles = `${setting}: ${certFile ?? ''} and ${keyFile ?? ''} cannot be used together`
  // Making the context once saves the parsing of all authorities for each connection.
  const secureContext = refuseUnusable(
    ownFiles,
    () =>
      createSecureContext({
        ca: ca ?? knownAuthorities(),
        cert,
        key,
        passphrase: keyPassphrase,
        minVersion: 'TLSv1.2',
      }),
    isLocked ? `; check ${setting}.keyPassphrase` : '',
  )
  const servername = serverName === undefined ? {} : { servername: serverName }
  return { secureContext, ...servername, checkServerIdentity: checkNames }
}

/** The two forms of an encrypted key: PKCS #8, and that of older tools. */
const lockedKey = /^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m

/** The authorities of Node.js, with NODE_EXTRA_CA_CERTS, and of the system; each once. */
function knownAuthorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])]
}

/** Node's check of the certificate's names, with a message that says what the names are. */
function checkNames(host: string, certificate: PeerCertificate): Error | undefined {
  const wrong = checkServerIdentity(host, certificate)
  if (wrong === undefined) return undefined
  const names = certificate.subjectaltname ?? 'no name'
  const message = `its certificate is for ${names}, not for ${host}`
  return Object.assign(new Error(message), { code: wrongNameCode })
}

function readPem(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const message = `${setting}: the file ${file} cannot be read: ${fileProblem(cause)}`
    throw new WinnowError('config_invalid', message, { cause, details: { path: setting } })
  }
}

function refuseUnusable<Result>(what: string, attempt: () => Result, advice = ''): Result {
  try {
    return attempt()
  } catch (cause) {
    const message = `${what}: ${errorMessage(cause)}${advice}`
    throw new WinnowError('config_invalid', message, { cause })
  }
}
