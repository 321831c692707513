// What failures of the client mean. tests/integration/secure-kafka.test.ts provokes each of them at
// a real broker.
import kafkajs from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { brokerProblem, lacksRight, ownError } from './broker-problem.ts'

const { KafkaJSConnectionError, KafkaJSNonRetriableError, KafkaJSProtocolError } = kafkajs

const protocolError = (type: string) =>
  new KafkaJSProtocolError({ name: '', message: `broker says ${type}`, type } as never)
const connectionError = (code: string, message = code) =>
  new KafkaJSConnectionError(`Connection error: ${message}`, { broker: 'b:9', code })
/** What kafkajs throws after its last try. */
const wrapped = (cause: Error) =>
  Object.assign(new KafkaJSNonRetriableError(cause.message), { cause })

describe('brokerProblem', () => {
  it.each([
    ['SELF_SIGNED_CERT_IN_CHAIN', /b:9: no authority .* set kafka\.tls\.caFile/],
    ['CERT_HAS_EXPIRED', /b:9: its certificate has expired; renew it/],
    ['CERT_NOT_YET_VALID', /not valid yet; correct the clock/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /b:9: ERR_TLS.* set kafka\.tls\.serverName/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /set kafka\.tls\.certFile and .*keyFile/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /does not speak TLS .* set kafka\.ssl to false/],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', /no TLS version or cipher in common/],
  ])('explains the code %s, which is final', (code, sentence) => {
    const problem = brokerProblem(connectionError(code))
    expect(problem).toMatchObject({ isFinal: true })
    expect(problem!.sentence).toMatch(sentence)
  })

  it('names the right that the broker refuses, through what kafkajs wraps around it', () => {
    const refused = wrapped(protocolError('TOPIC_AUTHORIZATION_FAILED'))
    expect(brokerProblem(refused, { topic: 'Write on the topic x' })).toEqual({
      sentence:
        'the broker refuses this client Write on the topic x; grant it (docs/kafka.md lists the rights of ' +
        'each command)',
      isFinal: true,
    })
    expect(brokerProblem(protocolError('GROUP_AUTHORIZATION_FAILED'))!.sentence).toMatch(
      /refuses this client a right on the consumer group/,
    )
    expect(lacksRight(refused)).toBe(true)
    expect(lacksRight(protocolError('NOT_CONTROLLER'))).toBe(false)
  })

  it.each([
    ['SASL_AUTHENTICATION_FAILED', /check kafka\.username and kafka\.password/],
    ['UNSUPPORTED_SASL_MECHANISM', /set kafka\.saslMechanism to one that it offers/],
    ['ILLEGAL_SASL_STATE', /set kafka\.saslMechanism to none/],
  ])('explains %s', (type, sentence) => {
    expect(brokerProblem(protocolError(type))!.sentence).toMatch(sentence)
  })

  it('says nothing about other failures', () => {
    expect(brokerProblem(connectionError('ECONNREFUSED'))).toBeUndefined()
    expect(brokerProblem(protocolError('NOT_LEADER_FOR_PARTITION'))).toBeUndefined()
    expect(brokerProblem('text')).toBeUndefined()
  })
})

it("finds Winnow's own error in one of kafkajs", () => {
  const own = new WinnowError('identity_unavailable', 'the provider is away')
  expect(ownError(wrapped(own))).toBe(own)
  expect(ownError(new Error('x'))).toBeUndefined()
})
