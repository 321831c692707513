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

const unknownAuthority = [
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
  'INVALID_CA',
]
/** Alerts by which a server refuses the certificate of the client, or the lack of one. */
const refusedClient = [
  'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
  'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN',
  'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN',
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED',
  'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
  'ERR_SSL_SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE',
  'ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE',
  'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
  'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED',
]
const nothingInCommon = [
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_NO_PROTOCOLS_AVAILABLE',
]
const notTls = [
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_UNEXPECTED_MESSAGE',
  'EPROTO',
]

/** Says what a failure of TLS means; undefined if the code is of another kind. */
export function tlsProblem(
  failure: { readonly code?: unknown; readonly message: string },
  { section, withoutTls }: TlsRemedies,
): TlsProblem | undefined {
  const { code } = failure
  if (typeof code !== 'string') return undefined
  if (unknownAuthority.includes(code)) {
    return {
      what: 'no authority that this client knows has signed its certificate',
      fix: `set ${section}.caFile to the certificates of its authority`,
    }
  }
  if (refusedClient.includes(code)) {
    return {
      what: 'it wants a certificate of this client, or does not accept the one that it got',
      fix: `set ${section}.certFile and ${section}.keyFile to a valid one of an authority that it trusts`,
    }
  }
  if (nothingInCommon.includes(code)) {
    return {
      what: 'it has no TLS version or cipher in common with this client',
      fix: 'let it accept TLS 1.2 or newer with the usual ciphers',
    }
  }
  if (notTls.includes(code)) return { what: 'it does not speak TLS on this port', fix: withoutTls }
  return others[code]?.({ message: failure.message, section, withoutTls })
}

type Facts = TlsRemedies & { readonly message: string }

const others: Readonly<Record<string, (facts: Facts) => TlsProblem>> = {
  CERT_HAS_EXPIRED: () => ({
    what: 'its certificate has expired',
    fix: 'renew it there; if it is valid, correct the clock of this machine',
  }),
  CERT_NOT_YET_VALID: () => ({
    what: 'its certificate is not valid yet',
    fix: 'correct the clock of this machine, or of the one that made the certificate',
  }),
  CERT_REVOKED: () => ({ what: 'its certificate is revoked', fix: 'renew it there' }),
  [wrongNameCode]: ({ message, section }) => ({
    what: message.replace(/^Connection error: /, ''),
    fix: `connect by a name that is in it, or set ${section}.serverName to one`,
  }),
  [handshakeClosedCode]: ({ withoutTls }) => ({
    what: 'it closed the connection during the TLS handshake, as a port without TLS does',
    fix: withoutTls,
  }),
}
