// Groups of sends: how many requests they become, and whom a failure concerns.
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import type { OutgoingRecord } from '../../schemas/record.ts'
import type { RecordProducer } from '../kafka/kafka.ts'
import { groupSends } from './grouped-producer.ts'

const record = (key: string, bytes = 1): OutgoingRecord => ({ key, value: Buffer.alloc(bytes) })

/** A producer that answers when the test says so, and refuses records with the key `bad`. */
function slowProducer() {
  const sent: { topic: string; keys: (string | null)[] }[] = []
  const answers: { resolve: () => void; reject: (error: Error) => void }[] = []
  const producer: RecordProducer = {
    send: (topic, records) => {
      const keys = records.map(({ key }) => key as string | null)
      sent.push({ topic, keys })
      return new Promise<void>((resolve, reject) => answers.push({ resolve, reject }))
    },
    close: () => Promise.resolve(),
  }
  const turn = () => new Promise(setImmediate)
  return { producer, sent, answers, turn }
}

describe('groupSends', () => {
  it('sends at once when idle, and what comes meanwhile together, in order', async () => {
    const { producer, sent, answers, turn } = slowProducer()
    const grouped = groupSends(producer)
    const all = ['a', 'b', 'c', 'd'].map((key) => grouped.send('t', [record(key), record(key)]))
    expect(sent).toEqual([{ topic: 't', keys: ['a', 'a'] }])
    const other = grouped.send('other', [record('x')])
    expect(sent).toHaveLength(2)
    answers[0]!.resolve()
    await turn()
    expect(sent[2]).toEqual({ topic: 't', keys: ['b', 'b', 'c', 'c', 'd', 'd'] })
    answers[2]!.resolve()
    answers[1]!.resolve()
    await Promise.all([...all, other])
    const later = grouped.send('t', [record('e')])
    expect(sent[3]).toEqual({ topic: 't', keys: ['e'] })
    answers[3]!.resolve()
    await later
  })

  it('begins another group where one would be too large', async () => {
    const { producer, sent, answers, turn } = slowProducer()
    const grouped = groupSends(producer)
    const sizes = [1, 500_000, 300_000, 200_000, 2_000_000]
    const all = sizes.map((bytes, at) => grouped.send('t', [record(String(at), bytes)]))
    for (let at = 0; at < 4; at += 1) {
      answers[at]!.resolve()
      await turn()
    }
    await Promise.all(all)
    expect(sent.map(({ keys }) => keys)).toEqual([['0'], ['1', '2'], ['3'], ['4']])
  })

  it('fails only the caller whose records the broker refuses', async () => {
    const { producer, answers, turn } = slowProducer()
    const grouped = groupSends(producer)
    const all = Promise.allSettled(
      ['a', 'b', 'bad', 'c'].map((key) => grouped.send('t', [record(key)])),
    )
    const refused = new WinnowError('broker_refused', 'too large')
    answers[0]!.resolve()
    await turn()
    answers[1]!.reject(refused)
    for (const [at, isBad] of [false, true, false].entries()) {
      await turn()
      if (isBad) answers[2 + at]!.reject(refused)
      else answers[2 + at]!.resolve()
    }
    expect((await all).map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
  })

  it('fails all callers of a group while the broker is away, and then goes on', async () => {
    const { producer, sent, answers, turn } = slowProducer()
    const grouped = groupSends(producer)
    const all = Promise.allSettled(['a', 'b', 'c'].map((key) => grouped.send('t', [record(key)])))
    answers[0]!.resolve()
    await turn()
    answers[1]!.reject(new WinnowError('broker_unavailable', 'away'))
    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(sent).toHaveLength(2)
    await turn()
    const next = grouped.send('t', [record('d')])
    answers[2]!.resolve()
    await next
  })
})
