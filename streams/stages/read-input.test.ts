// What becomes of a record at each step: decoding, envelope, mapping.
import { describe, expect, it } from 'vitest'
import { parseMapping } from '../../schemas/mapping/event-mapping.ts'
import { filtered, ok, rejected } from '../../schemas/outcome.ts'
import type { Envelope } from '../../schemas/ports/record-decoder.ts'
import { readInput, type InputReading } from './read-input.ts'

const reading: InputReading = {
  decode: ({ value }) =>
    Promise.resolve(
      value === null
        ? rejected('json_invalid', 'nothing')
        : ok({ value: { after: { note: value.toString() } }, key: null, headers: {} }),
    ),
  envelope: undefined,
  mapping: parseMapping({
    fields: { text: 'note' },
    timeUnit: 'ms',
    constants: { attributes: {} },
    filter: {},
  }),
}

const record = { value: Buffer.from('a text'), key: null }

describe('readInput', () => {
  const after: Envelope = (decoded) =>
    ok({ ...decoded, value: (decoded.value as { after: unknown }).after })

  it('maps what an envelope holds', async () => {
    expect(await readInput(record, { ...reading, envelope: after })).toMatchObject({
      kind: 'ok',
      value: { text: 'a text' },
    })
    expect(await readInput(record, reading)).toMatchObject({ error: { code: 'path_missing' } })
  })

  it('passes on what a decoder rejects, and what an envelope leaves out', async () => {
    expect(await readInput({ value: null, key: null }, reading)).toMatchObject({
      error: { code: 'json_invalid' },
    })
    expect(await readInput(record, { ...reading, envelope: () => filtered })).toBe(filtered)
  })
})
