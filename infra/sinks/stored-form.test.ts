import { describe, expect, it } from 'vitest'
import { outputOf, sampleClassification } from '../../tests/support/sample-records.ts'
import type { Classification } from '../../schemas/classification.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import { storedIds } from '../../schemas/hashed-id.ts'
import type { Block, Sink } from '../../schemas/ports/sink.ts'
import { storedResult, withStoredForm } from './stored-form.ts'

const idSecret = 'a secret of at least 32 characters'
const everything = { storeText: true, hashIds: false }
const noTexts = { storeText: false, hashIds: false }
const hashedIds = { storeText: true, hashIds: true, idSecret }

const letter: DeadLetter = {
  ...{ topic: 'events', partition: 1, offset: 2, recordTimeMs: 3, rejectedAtMs: 4 },
  ...{ code: 'time_invalid', message: 'time "the word of a person"', stage: 'validate' },
  ...{ key: Buffer.from('e-7'), payload: Buffer.from('{"text":"hello"}'), payloadBytes: 16 },
  ...{ payloadTopic: '', model: '', attempt: 0 },
}
const fence = { group: 'g', topic: 'events', partitions: [1], number: 1, token: 't' }

/** What a sink gets of a block with one result and one dead letter. */
async function written(retention: Parameters<typeof withStoredForm>[1]) {
  const blocks: Block<Classification>[] = []
  const sink = {
    write: (block: Block<Classification>) => {
      blocks.push(block)
      return Promise.resolve()
    },
  } as unknown as Sink<Classification>
  const output = outputOf(sampleClassification({ text: 'hello' }))
  const record = { ...output.record, key: Buffer.from('e-7') }
  const block = { token: 'b', outputs: [{ ...output, record }], deadLetters: [letter] }
  const stored = withStoredForm(sink, retention, (one) => storedResult(retention, one))
  await stored.write(block, fence)
  return { given: block, got: blocks[0]! }
}

describe('what is stored', () => {
  it('is everything by default', async () => {
    const { given, got } = await written(everything)
    expect(got).toBe(given)
  })

  it('has no text, no payload and no quoting message where texts are not stored', async () => {
    const { given, got } = await written(noTexts)
    expect(got.outputs[0]!.value).toEqual({ ...given.outputs[0]!.value, text: '' })
    expect(got.outputs[0]!.record.key).toEqual(Buffer.from('e-7'))
    expect(got.deadLetters).toEqual([
      {
        ...letter,
        payload: null,
        message: 'The time is neither RFC 3339 nor epoch milliseconds.',
      },
    ])
  })

  it('has no id of a producer where ids are hashed', async () => {
    const { given, got } = await written(hashedIds)
    const key = Buffer.from(storedIds(hashedIds)('e-7'))
    expect(got.outputs[0]!.value).toEqual(given.outputs[0]!.value)
    expect(got.outputs[0]!.record.key).toEqual(key)
    expect(got.deadLetters[0]).toMatchObject({ key, payload: null, payloadBytes: 16 })
    expect(got.token).toBe(given.token)
  })
})
