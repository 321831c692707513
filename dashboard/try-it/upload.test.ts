import { expect, it } from 'vitest'
import { batchEvents, eventBatches, readUpload } from './upload.ts'
import { textsOf } from './input-texts.ts'

it('reads JSON lines, an array, CSV and plain lines, and finds the column of the text', () => {
  expect(readUpload('a.jsonl', '{"id":"1","text":"x"}\n\n{"text":"y"}')).toMatchObject({
    format: 'jsonl',
    rows: [{ id: '1', text: 'x' }, { text: 'y' }],
    columns: ['text', 'id'],
  })
  expect(readUpload('a.json', '[{"n":1,"body":"x"}]').columns).toEqual(['body'])
  expect(readUpload('a.csv', 'id,Message\n1,"x, y"\n').columns[0]).toBe('Message')
  expect(readUpload('a.txt', 'one\r\n\r\ntwo\n').rows).toEqual([{ text: 'one' }, { text: 'two' }])
  expect(readUpload('mails', ' {"text":"x"}').format).toBe('jsonl')
})

it('says what is wrong with a file', () => {
  expect(() => readUpload('a.txt', ' \n')).toThrow('holds no text')
  expect(() => readUpload('a.jsonl', '{"text":"x"}\n{')).toThrow('Line 2')
  expect(() => readUpload('a.jsonl', '3')).toThrow('Line 1')
  expect(() => readUpload('a.jsonl', '{"n":1}')).toThrow('No column')
})

it('makes batches of events and counts rows without text', () => {
  const rows = Array.from({ length: batchEvents + 1 }, (_, at) => ({ text: `t${at}` }))
  const file = { format: 'lines' as const, rows: [...rows, { text: ' ' }, {}], columns: ['text'] }
  const { batches, empty } = eventBatches(file, { column: 'text', source: 'a.txt' })
  expect(batches.map(({ length }) => length)).toEqual([batchEvents, 1])
  expect(batches[1]).toEqual([{ text: `t${batchEvents}`, source: 'a.txt' }])
  expect(empty).toBe(2)
})

it('takes what was typed as one text or by line', () => {
  expect(textsOf(' a\nb ', false)).toEqual(['a\nb'])
  expect(textsOf('a\r\n\n b', true)).toEqual(['a', 'b'])
  expect(textsOf(' ', false)).toEqual([])
})
