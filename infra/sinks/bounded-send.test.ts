// A record that is too large for a topic of another system goes in its shorter form; the others,
// and every other failure, are as they would be without.
import { expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { createRecordingProducer } from '../../tests/support/recording-producer.ts'
import { sendBounded } from './bounded-send.ts'

const records = ['a', 'bb', 'c'].map((value) => ({
  record: { key: null, value },
  shortened: () => ({ key: null, value: value.slice(0, 1) }),
}))
const tooLarge = (kafkaError: string) =>
  new WinnowError('broker_refused', 'too large', { details: { kafkaError } })
const valuesOf = ({ sent }: ReturnType<typeof createRecordingProducer>) =>
  sent.map((one) => one.records.map(({ value }) => value))

it('sends all at once where the topic takes them, and nothing where there is none', async () => {
  const producer = createRecordingProducer()
  await sendBounded(producer, 't', records)
  await sendBounded(producer, 't', [])
  expect(valuesOf(producer)).toEqual([['a', 'bb', 'c']])
})

it.each(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])(
  'sends each alone after %s, and shortens the one that is too large',
  async (kafkaError) => {
    const producer = createRecordingProducer()
    const sent = createRecordingProducer()
    producer.send = (topic, given) => {
      const chars = given.reduce((sum, { value }) => sum + String(value).length, 0)
      return chars > 1 ? Promise.reject(tooLarge(kafkaError)) : sent.send(topic, given)
    }
    await sendBounded(producer, 't', records)
    expect(valuesOf(sent)).toEqual([['a'], ['b'], ['c']])
  },
)

it('leaves key and headers of others out where the shorter form is too large as well', async () => {
  const producer = createRecordingProducer()
  const sent = createRecordingProducer()
  producer.send = (topic, given) =>
    given[0]!.key === null ? sent.send(topic, given) : Promise.reject(tooLarge('MESSAGE_TOO_LARGE'))
  const headers = { 'x-shop': 'berlin', 'winnow-event': 't/0/1', 'winnow-shortened': 'value' }
  const record = { key: 'k', value: 'long' }
  const shortened = () => ({ key: 'k', value: 's', headers })
  await sendBounded(producer, 't', [{ record, shortened }])
  expect(sent.sent[0]!.records).toEqual([
    {
      key: null,
      value: 's',
      headers: { 'winnow-event': 't/0/1', 'winnow-shortened': 'key,headers,value' },
    },
  ])
})

it('throws other failures', async () => {
  const producer = createRecordingProducer()
  const away = new WinnowError('broker_unavailable', 'away')
  producer.failures.push(away)
  await expect(sendBounded(producer, 't', records)).rejects.toBe(away)
  expect(valuesOf(producer)).toEqual([])
})
