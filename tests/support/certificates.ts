// Certificates made by openssl for tests of TLS: an authority, and what it signs for any hosts and
// any time.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Whether openssl is installed. */
export const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** The files of a certificate and its key, as PEM. */
export type CertificateFiles = { readonly certFile: string; readonly keyFile: string }

export type Authority = CertificateFiles & {
  /** Signs a certificate for these names (`DNS:…`, `IP:…`); valid from 2020 `until` a year. */
  sign(name: string, names: readonly string[], until?: 2021 | 2049): CertificateFiles
}

const valid = { from: '20200101000000Z', until: (year: number) => `${year}0101000000Z` }

/** Makes an authority with files in `dir`. */
export function createAuthority(dir: string, name = 'authority'): Authority {
  const at = (file: string) => join(dir, name, file)
  mkdirSync(at('signed'), { recursive: true })
  writeFileSync(at('index.txt'), '')
  writeFileSync(at('serial'), '01')
  const own = { certFile: at('ca.pem'), keyFile: at('ca.key') }
  const key = (file: string) => ['-newkey', 'rsa:2048', '-nodes', '-keyout', file]
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
  openssl('req', '-x509', '-days', '2', '-subj', `/CN=${name}`, ...key(own.keyFile), '-out', own.certFile) // prettier-ignore
  return {
    ...own,
    sign(subject, names, until = 2049) {
      const files = { certFile: at(`${subject}.pem`), keyFile: at(`${subject}.key`) }
      const [request, config] = [at(`${subject}.csr`), at(`${subject}.cnf`)]
      writeFileSync(config, caConfig(at, names))
      openssl('req', '-new', '-subj', `/CN=${subject}`, ...key(files.keyFile), '-out', request)
      openssl(
        ...['ca', '-batch', '-notext', '-config', config, '-in', request, '-out', files.certFile],
        ...['-cert', own.certFile, '-keyfile', own.keyFile],
        ...['-startdate', valid.from, '-enddate', valid.until(until)],
      )
      return files
    },
  }
}

function caConfig(at: (file: string) => string, names: readonly string[]): string {
  return `[ca]
default_ca = own
[own]
database = ${at('index.txt')}
serial = ${at('serial')}
new_certs_dir = ${at('signed')}
default_md = sha256
policy = any
unique_subject = no
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = ${names.join(',')}
`
}
