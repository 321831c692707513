// The login SASL OAUTHBEARER (RFC 7628) for kafkajs. kafkajs's own takes the broker's refusal of a
// token for a success, and the broker then closes the connection without a reason.
import kafkajs, { type Mechanism } from 'kafkajs'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import type { TokenSource } from './token-source.ts'

const { KafkaJSConnectionError } = kafkajs

/** Separates the parts of a message (RFC 7628, section 3.1). */
const separator = '\u0001'

/**
 * The mechanism with tokens of a source. `settings` names the section to check after a refusal;
 * `extensions` are sent beside each token (KIP-342).
 */
export function oauthBearer(
  tokens: TokenSource,
  settings: string,
  extensions: Readonly<Record<string, string>> = {},
): Mechanism {
  const pairs = Object.entries(extensions).map(([name, value]) => `${name}=${value}${separator}`)
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ host, port, saslAuthenticate }) => ({
      async authenticate() {
        const { value, isFresh } = await tokens.current().catch(again)
        const token = `n,,${separator}auth=Bearer ${value}${separator}`
        const request = sized(`${token}${pairs.join('')}${separator}`)
        const refusal = await saslAuthenticate({ request, response: textAnswer })
        if (typeof refusal !== 'string' || refusal === '') return
        tokens.forget(value)
        // The server ends the exchange with its reason after this answer (section 3.2.3).
        const reason = await saslAuthenticate({ request: sized(separator) }).then(
          () => refusal,
          (error: unknown) => errorMessage(error),
        )
        const said =
          `${host}:${port} refuses the access token (${reason}); check scope and audience under ` +
          `${settings}, the issuer that the broker expects, and the clocks`
        const error = new WinnowError('broker_refused', said)
        // The provider may have changed its keys since an older token was fetched.
        throw isFresh ? error : overNewConnection(error)
      },
    }),
  }
}

function again(error: unknown): never {
  throw error instanceof WinnowError && error.retryable ? overNewConnection(error) : error
}

/**
 * The error by which kafkajs tries again over a new connection. On this one, the login has begun,
 * and the broker refuses to begin another.
 */
function overNewConnection(error: WinnowError): Error {
  const failure = new KafkaJSConnectionError(error.message)
  return Object.assign(failure, { cause: Object.assign(error, { retriable: true }) })
}

/** Text behind its length, as kafkajs passes the bytes of a login around. */
function sized(text: string) {
  const length = Buffer.alloc(4)
  length.writeInt32BE(Buffer.byteLength(text))
  return { encode: () => Buffer.concat([length, Buffer.from(text)]) }
}

const textAnswer = {
  decode: (bytes: Buffer) => bytes.subarray(4),
  parse: (bytes: Buffer) => bytes.toString(),
}
