// Fields of rows by name, path and template, in every format.
import { expect, test } from 'vitest'
import { fileRows } from './file-rows.ts'
import { columnsOfFields, type RowColumns } from './row-columns.ts'

async function read(
  content: string,
  columns: RowColumns,
  need: 'text' | 'text and label' = 'text and label',
) {
  const bytes = async function* () {
    await Promise.resolve()
    yield Buffer.from(content)
  }
  const rows: unknown[] = []
  const reading = fileRows({ name: 'file', bytes: bytes() }, { columns, need })
  for await (const { text, label, labels, id, time, source, attributes } of reading.rows) {
    rows.push({ text, label, labels, id, time, source, attributes })
  }
  return rows
}

const ticket = {
  ticket: { id: 7, title: 'Late', body: 'It never came', tags: ['a', 'b'] },
  queue: { name: 'delivery' },
  'first.name': 'Ann',
  key: 'k',
}

test('paths into objects, and templates', async () => {
  const columns = columnsOfFields({
    text: '{ticket.title}\n\n{ticket.body}{ticket.note?}',
    label: 'queue.name',
    id: 'ticket.id',
    source: 'key',
    'attributes.name': 'first.name',
    'attributes.tag': 'ticket.tags[1]',
    'attributes.team': 'ticket.team?',
  })
  for (const content of [JSON.stringify(ticket), JSON.stringify([ticket])]) {
    expect(await read(content, columns)).toEqual([
      {
        text: 'Late\n\nIt never came',
        label: 'delivery',
        id: 7,
        source: 'k',
        attributes: { name: 'Ann', tag: 'b' },
        labels: undefined,
        time: undefined,
      },
    ])
  }
})

test('a set of labels at a path stays an array', async () => {
  const columns = columnsOfFields({ text: 'ticket.title', labels: 'ticket.tags' })
  expect(await read(JSON.stringify(ticket), columns)).toMatchObject([{ labels: ['a', 'b'] }])
})

const table = 'number,subject,body,first.name,queue\n1,Late,It never came,Ann,delivery\n'

test('columns of a table that no field uses are attributes', async () => {
  const columns = columnsOfFields({ text: '{subject}: {body}', label: 'queue', id: 'number' })
  expect(await read(table, columns)).toMatchObject([
    {
      text: 'Late: It never came',
      label: 'delivery',
      id: '1',
      attributes: { 'first.name': 'Ann' },
    },
  ])
})

test('attributes that are named are the only ones', async () => {
  const columns = columnsOfFields({ text: 'body', label: 'queue', 'attributes.by': 'first.name' })
  const [row] = (await read(table, columns)) as [{ attributes: unknown }]
  expect(row.attributes).toEqual({ by: 'Ann' })
})

test.each([
  [
    { text: '{title}: {body}', label: 'queue' },
    /no column "title" for the text, which "\{title\}: \{body\}" reads; .*--text-column names/,
  ],
  [
    { text: 'body', label: 'queue', id: 'nr' },
    /no column "nr" for the field id; the columns are "number"/,
  ],
  [{ text: 'body', label: 'queue', 'attributes.a': 'b' }, /no column "b" for the field a/],
] as const)('names a missing column of %o', async (fields, message) => {
  await expect(read(table, columnsOfFields(fields))).rejects.toThrow(message)
})

test('a JSON object without the path names the fields that it has', async () => {
  const columns = columnsOfFields({ text: 'order.note' })
  const reading = read('{"body": "x", "label": "a"}', columns)
  expect(await reading).toMatchObject([{ text: undefined }])
})

test.each([
  [{ txt: 'body' }, /no field "txt".*Did you mean text\?/],
  [{ text: '{a' }, /./],
  [{ text: '{a}{[}' }, /The field "\{a\}\{\[\}" has the path/],
] as const)('refuses %o', (fields, message) => {
  if ('text' in fields && fields.text === '{a') expect(columnsOfFields(fields).text).toBe('{a')
  else expect(() => columnsOfFields(fields)).toThrow(message)
})
