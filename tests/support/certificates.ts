// Certificates for tests of TLS, made by openssl: an authority, and certificates that it or
// nobody signs, for any names and times.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Whether openssl can be run here; tests that need certificates are skipped without it. */
export const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** A certificate and its key, as files. */
export type Certificate = {
  readonly certFile: string
  readonly keyFile: string
  /** Key and certificate in one file, as Kafka's PEM key stores have it. */
  readonly bothFile: string
}

/** An authority in a folder of its own. */
export type Authority = Certificate & {
  /** Makes a certificate that the authority signs. */
  sign(name: string, options?: SignOptions): Certificate
}

type SignOptions = {
  /** The common name; the file name when absent. */
  readonly subject?: string
  /** Subject alternative names; this machine when absent. */
  readonly names?: string
  /** First and last moment of validity, as `YYYYMMDDHHMMSSZ`; today and some days when absent. */
  readonly valid?: readonly [string, string]
}

const thisMachine = 'DNS:localhost,IP:127.0.0.1'
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Makes an authority; its files stand in `dir`, which must exist. */
export function makeAuthority(dir: string, name: string): Authority {
  const at = (file: string) => join(dir, file)
  const files = (one: string): Certificate => ({
    certFile: at(`${one}.pem`),
    keyFile: at(`${one}.key`),
    bothFile: at(`${one}-both.pem`),
  })
  const writeBoth = ({ certFile, keyFile, bothFile }: Certificate) => {
    writeFileSync(bothFile, readFileSync(keyFile, 'utf8') + readFileSync(certFile, 'utf8'))
  }
  const own = files(name)
  openssl(
    ...['req', '-x509', '-days', '2', '-subj', `/CN=${name}`, ...newKey],
    ...['-keyout', own.keyFile, '-out', own.certFile],
  )
  writeFileSync(at(`${name}.index`), '')
  writeFileSync(at(`${name}.index.attr`), 'unique_subject = no\n')
  writeFileSync(at(`${name}.serial`), '1000\n')
  writeFileSync(
    at(`${name}.conf`),
    [
      '[ca]',
      'default_ca = own',
      '[own]',
      `new_certs_dir = ${dir}`,
      `database = ${at(`${name}.index`)}`,
      `serial = ${at(`${name}.serial`)}`,
      'default_md = sha256',
      'default_days = 2',
      'policy = any',
      'copy_extensions = copy',
      '[any]',
      'commonName = supplied',
    ].join('\n'),
  )
  writeBoth(own)
  return {
    ...own,
    sign(one, { subject = one, names = thisMachine, valid } = {}) {
      const made = files(one)
      const request = at(`${one}.csr`)
      openssl(
        ...['req', '-subj', `/CN=${subject}`, '-addext', `subjectAltName=${names}`, ...newKey],
        ...['-keyout', made.keyFile, '-out', request],
      )
      const dates = valid === undefined ? [] : ['-startdate', valid[0], '-enddate', valid[1]]
      openssl(
        ...['ca', '-batch', '-notext', '-config', at(`${name}.conf`), ...dates],
        ...['-cert', own.certFile, '-keyfile', own.keyFile, '-in', request, '-out', made.certFile],
      )
      writeBoth(made)
      return made
    },
  }
}

/** Encrypts the key of a certificate with a passphrase; returns the certificate with that key. */
export function lockKey(certificate: Certificate, passphrase: string): Certificate {
  const keyFile = certificate.keyFile.replace(/\.key$/, '-locked.key')
  openssl(
    ...['pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-passout', `pass:${passphrase}`],
    ...['-in', certificate.keyFile, '-out', keyFile],
  )
  return { ...certificate, keyFile }
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' })
}
