// Events from rows: which fields are used, that numbers keep their digits, and the message for an
// invalid row.
import { expect, test } from 'vitest'
import { fileRows } from '../../trainers/files/file-rows.ts'
import { defaultColumns, type RowColumns } from '../../trainers/files/row-columns.ts'
import { recordOfRow } from './event-of-row.ts'
import { sendingText } from './produce.ts'

async function events(content: string, columns: RowColumns = defaultColumns): Promise<unknown[]> {
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    await Promise.resolve()
    yield Buffer.from(content)
  }
  const records: unknown[] = []
  const { rows } = fileRows({ name: 'in', bytes: bytes() }, { columns, need: 'text' })
  for await (const row of rows) {
    const { key, value } = recordOfRow(row, columns)
    const event = JSON.parse(String(value)) as { id?: string }
    expect(key).toBe(event.id ?? null)
    records.push(event)
  }
  return records
}

test('objects keep their fields, and numbers that are ids or labels keep all digits', async () => {
  const time = '2026-01-31T12:00:00Z'
  const lines = [
    `{"text":"a","id":"x","source":"mail","time":"${time}","attributes":{"k":"v"},"label":"b"}`,
    '{"text":"","id":9007199254740993,"label":18446744073709551615,"time":1700000000000}',
    '{"text":"\\u200b","label":true,"attributes":{"n":9007199254740993,"f":0.1,"b":false}}',
    '{"text":"a","id":null,"label":null,"attributes":null}',
  ]
  expect(await events(lines.join('\n'))).toEqual([
    { text: 'a', id: 'x', source: 'mail', time, attributes: { k: 'v' }, label: 'b' },
    { text: '', id: '9007199254740993', label: '18446744073709551615', time: 1_700_000_000_000 },
    { text: '\u200b', label: 'true', attributes: { n: '9007199254740993', f: '0.1', b: 'false' } },
    { text: 'a', id: null, label: null, attributes: null },
  ])
})

test('the columns of a table become event fields or attributes; empty cells become nothing', async () => {
  const table =
    'id,text,label,source,time,team,labels\n' +
    '7,"hello\nyou",a,mail,1700000000000,red,\n,bye,,,,,x|y\n'
  expect(await events(table)).toEqual([
    {
      id: '7',
      text: 'hello\nyou',
      label: 'a',
      source: 'mail',
      time: 1_700_000_000_000,
      attributes: { team: 'red', labels: '' },
    },
    { text: 'bye', attributes: { team: '', labels: 'x|y' } },
  ])
  const set = await events('text,labels\nhello,x|y\n')
  expect(set).toEqual([{ text: 'hello', attributes: { labels: 'x|y' } }])
})

test('text and label can come from other columns or fields', async () => {
  const columns = { text: 'body', label: 'team' }
  expect(await events('{"body":"a","team":"b"}\n', columns)).toEqual([{ text: 'a', label: 'b' }])
  expect(await events('body;team\na;b\n', columns)).toEqual([
    { text: 'a', label: 'b', attributes: {} },
  ])
})

test.each([
  ['{"body":"a"}', /^in:1: there is no field "text" .*the fields are "body"\. --text-column/],
  ['{"text":"a","body":"a"}', /^in:1: an event has no field "body", only id, text, source/],
  ['{"id":"x"}', /^in:1: there is no field "text".*--text-column/],
  ['{"text":5}', /the field "text" must be a string, not a number/],
  ['{"text":"a","id":0.5}', /the field "id" must be a string, not a number \(only whole/],
  ['{"text":"a","label":9007199254740993.0}', /the field "label" must be a string/],
  ['{"text":"a","id":{}}', /the field "id" must be a string, not an object/],
  ['{"text":"a","id":""}', /the field "id" must not be empty/],
  ['{"text":"a","id":".."}', /the field "id" must not be "\." or "\.\."/],
  [`{"text":"a","label":"${'x'.repeat(257)}"}`, /the field "label" is longer than 256/],
  ['{"text":"a","time":{}}', /the field "time" must be RFC 3339 text or epoch milliseconds/],
  ['{"text":"a","attributes":["x"]}', /the field "attributes" must be an object, not an array/],
  [
    '{"text":"a","attributes":{"k":{}}}',
    /the field "attributes\.k" must be a string, not an object/,
  ],
  ['{"text":"a","attributes":{"k":null}}', /the field "attributes\.k" must be a string, not null/],
  ['{"text":"a","attributes":{"__proto__":"x"}}', /must not have the name "__proto__"/],
])('%s is refused', async (line, message) => {
  await expect(events(`${line}\n`)).rejects.toMatchObject({
    code: 'dataset_invalid',
    message: expect.stringMatching(message),
  })
})

test('progress shows count, total, rate and time left', () => {
  const sent = { events: 500, elapsedMs: 2_000 }
  expect(sendingText({ ...sent, total: undefined })).toBe('500 events sent, 250 events per second')
  expect(sendingText({ ...sent, total: { rows: 1_000, accuracy: 'exact' } })).toBe(
    '500 of 1,000 events sent, 250 events per second, 2.0 s left',
  )
  expect(sendingText({ ...sent, total: { rows: 2_000, accuracy: 'about' } })).toBe(
    '500 of about 2,000 events sent, 250 events per second, 6.0 s left',
  )
  expect(sendingText({ ...sent, total: { rows: 400, accuracy: 'about' } })).not.toContain('left')
})
