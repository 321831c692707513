// Explains to a person why TLS with a server failed, from the codes of Node.js and OpenSSL. Other
// reasons why a server cannot be reached are connection-problem.ts.

/** The code of Node.js for a certificate that is for another host name. */
export const wrongNameCode = 'ERR_TLS_CERT_ALTNAME_INVALID'
/** The code of a connection that the server closed before the handshake was done. */
export const handshakeClosedCode = 'WINNOW_TLS_HANDSHAKE_CLOSED'

/** What is wrong, as a clause about "it" (the server), and what to do. */
export type TlsProblem = { readonly what: string; readonly fix: string }

/** The settings of a client that a remedy names. */
export type TlsRemedies = {
  /** The section with caFile and certFile, such as `kafka.tls`. */
  readonly section: string
  /** How to connect without TLS. */
  readonly withoutTls: string
}

/** Why TLS failed, for words of the caller's own. */
export type TlsFailure =
  | 'unknown_authority'
  | 'client_certificate_wanted'
  | 'client_certificate_refused'
  | 'no_common_version'
  | 'handshake_refused'
  | 'not_tls'
  | 'expired'
  | 'not_yet_valid'
  | 'revoked'

const failures: Readonly<Record<string, TlsFailure>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown_authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown_authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unknown_authority',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown_authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown_authority',
  CERT_SIGNATURE_FAILURE: 'unknown_authority',
  CERT_UNTRUSTED: 'unknown_authority',
  INVALID_CA: 'unknown_authority',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not_yet_valid',
  CERT_REVOKED: 'revoked',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'client_certificate_wanted',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'client_certificate_refused',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'client_certificate_refused',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'client_certificate_refused',
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: 'client_certificate_refused',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'client_certificate_refused',
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: 'client_certificate_refused',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'handshake_refused',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'no_common_version',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no_common_version',
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: 'no_common_version',
  ERR_SSL_WRONG_VERSION_NUMBER: 'not_tls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'not_tls',
  ERR_SSL_UNEXPECTED_MESSAGE: 'not_tls',
  // Node.js gives this code where what came is no TLS.
  EPROTO: 'not_tls',
}

/** The failure that a code of Node.js or OpenSSL stands for; undefined for one of another kind. */
export function tlsFailure(code: unknown): TlsFailure | undefined {
  // OpenSSL 3.2 and later say "ssl/tls alert", earlier ones "sslv3 alert".
  return typeof code === 'string' ? failures[code.replace('SSL/TLS_', 'SSLV3_')] : undefined
}

/** Says what a failure of TLS means; undefined if the code is of another kind. */
export function tlsProblem(
  failure: { readonly code?: unknown; readonly message: string },
  { section, withoutTls }: TlsRemedies,
): TlsProblem | undefined {
  const { code, message } = failure
  const kind = tlsFailure(code)
  if (kind !== undefined) return words[kind]({ section, withoutTls })
  if (code === wrongNameCode) {
    return {
      what: message.replace(/^Connection error: /, ''),
      fix: `connect by a name that is in it, or set ${section}.serverName to one`,
    }
  }
  if (code !== handshakeClosedCode) return undefined
  return {
    what: 'it closed the connection during the TLS handshake, as a port without TLS does',
    fix: withoutTls,
  }
}

const wantsClient = ({ section }: TlsRemedies): TlsProblem => ({
  what: 'it wants a certificate of this client, or does not accept the one that it got',
  fix: `set ${section}.certFile and ${section}.keyFile to a valid one of an authority that it trusts`,
})
const nothingInCommon = (): TlsProblem => ({
  what: 'it has no TLS version or cipher in common with this client',
  fix: 'let it accept TLS 1.2 or newer with the usual ciphers',
})

const words: Readonly<Record<TlsFailure, (remedies: TlsRemedies) => TlsProblem>> = {
  unknown_authority: ({ section }) => ({
    what: 'no authority that this client knows has signed its certificate',
    fix: `set ${section}.caFile to the certificates of its authority`,
  }),
  client_certificate_wanted: wantsClient,
  client_certificate_refused: wantsClient,
  no_common_version: nothingInCommon,
  handshake_refused: nothingInCommon,
  not_tls: ({ withoutTls }) => ({ what: 'it does not speak TLS on this port', fix: withoutTls }),
  expired: () => ({
    what: 'its certificate has expired',
    fix: 'renew it there; if it is valid, correct the clock of this machine',
  }),
  not_yet_valid: () => ({
    what: 'its certificate is not valid yet',
    fix: 'correct the clock of this machine, or of the one that made the certificate',
  }),
  revoked: () => ({ what: 'its certificate is revoked', fix: 'renew it there' }),
}
