// What files are, by their beginnings: formats that are read, and the sentence for everything else.
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { detectFormat, requireRows, requireText } from './file-format.ts'
import { defaultColumns } from './row-columns.ts'

const columns = defaultColumns
const detect = (name: string, content: string | Buffer, otherwise: 'text' | 'jsonl' = 'text') =>
  detectFormat({ name, head: Buffer.from(content), columns, otherwise })

test.each([
  ['a JSON object', '{"text": "a"}\n', 'jsonl'],
  ['a JSON object that is broken', '{"text": "a\n', 'jsonl'],
  ['an object over several lines', '{\n  "text": "a"\n}\n', 'jsonl'],
  ['a byte order mark and blank lines', '\uFEFF\n\n{"text": "a"}\n', 'jsonl'],
  ['an array', '[{"text": "a"}]', 'json'],
  ['an array over several lines', '[\n  {\n    "text": "a"', 'json'],
  ['an empty array', '[]', 'json'],
  ['an array of strings', '["a", "b"]', 'json'],
  ['a header with the column of the text', 'id,text,label\n1,hello,a\n', 'csv'],
  ['a header of one column', 'text\nhello\n', 'csv'],
  ['a header with quotes and spaces', '"id", "text"\n1,hello\n', 'csv'],
  ['tabs', 'text\tlabel\nhello\ta\n', 'csv'],
  ['a sep= line', 'sep=;\ntext;label\n', 'csv'],
  ['a header without the column of the text', 'id,body,category\n1,hello,a\n', 'csv'],
  ['a header above a quoted field', 'id,body\n1,"hello\nyou"\n', 'csv'],
  ['Parquet', 'PAR1\u0015\u0004', 'parquet'],
  ['prose', 'Hello, world, and text\nHow are you, today\n', 'text'],
  ['a line of a log', '[INFO] started, text follows\n', 'text'],
  ['a template', '{name}, your parcel is here\n', 'text'],
  ['one line with a comma', 'Hello,world', 'text'],
])('%s on stdin', (_, content, format) => {
  expect(detect('stdin', content)).toBe(format)
})

test.each([
  ['mails.csv', 'a;b\n', 'csv'],
  ['mails.TSV.gz', 'hello\n', 'csv'],
  ['mails.csv', '{"text": "a"}\n', 'jsonl'],
  ['mails.json', '{"text": "a"}\n', 'jsonl'],
  ['mails.jsonl', 'hello\n', 'jsonl'],
  ['mails.jsonl.gz', 'id,text\n1,hello\n', 'csv'],
  ['mails.parquet', '', 'parquet'],
  ['mails.txt', 'hello\n', 'text'],
  ['mails', '', 'text'],
])('%s that begins with %j', (name, content, format) => {
  expect(detect(name, content)).toBe(format)
  expect(detect('mails', 'hello\n', 'jsonl')).toBe('jsonl')
})

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')
test.each([
  ['PNG', Buffer.from('89504e470d0a1a0a0000000d', 'hex'), /is a PNG image/],
  ['JPEG', Buffer.from('ffd8ffe000104a46', 'hex'), /is a JPEG image/],
  ['PDF', Buffer.from('%PDF-1.7\n%âãÏÓ\n', 'latin1'), /is a PDF document/],
  [
    'XLSX',
    Buffer.from('PK\x03\x04\x14\0\0\0[Content_Types].xml', 'latin1'),
    /an Office file.*use --format xlsx/,
  ],
  ['ZIP', Buffer.from('PK\x03\x04\x14\0\0\0mails.csv', 'latin1'), /is a ZIP archive/],
  ['XLS', Buffer.from('d0cf11e0a1b11ae1', 'hex'), /is an old Office file/],
  ['Arrow', Buffer.from('ARROW1\0\0'), /is an Arrow or Feather file/],
  ['Avro', Buffer.from('Obj\x01\x04\x14avro.codec'), /is an Avro file/],
  ['ORC', Buffer.from('ORC\x0a\x06\x12'), /is an ORC file/],
  ['SQLite', Buffer.from('SQLite format 3\0'), /is an SQLite database/],
  ['NumPy', Buffer.from('\x93NUMPY\x01\0', 'latin1'), /is a NumPy array/],
  ['a pickle', Buffer.from('80049553', 'hex'), /is a Python pickle/],
  ['bzip2', Buffer.from('425a6839314159265359aabb', 'hex'), undefined],
  ['xz', Buffer.from('fd377a585a00', 'hex'), /is xz-compressed/],
  ['gzip in gzip', gzipSync('a'), /is binary|NUL/],
  [
    'a Git LFS pointer',
    Buffer.from('version https://git-lfs.github.com/spec/v1\n'),
    /git lfs pull/,
  ],
  ['zeros', Buffer.from('hello\0world\n'), /is binary \(it holds NUL bytes/],
  ['UTF-16 LE', utf16('\uFEFFtext,label\n'), /is UTF-16; save it as UTF-8/],
  ['UTF-16 BE', utf16('\uFEFFtext,label\n').swap16(), /is UTF-16; save it/],
  [
    'UTF-16 LE without a mark',
    utf16('text,label\nhello,a\n'),
    /without a byte order mark.*UTF-16LE/,
  ],
  ['UTF-16 BE without a mark', utf16('text,label\nhello,a\n').swap16(), /UTF-16BE/],
  ['UTF-32', Buffer.from('fffe000074000000', 'hex'), /is UTF-32/],
  ['UTF-32 without a mark', Buffer.from('740000006500000078000000', 'hex'), /is UTF-32/],
  ['text', Buffer.from('ORC beasts are no text\n'), undefined],
  ['text in other letters', Buffer.from('\uFEFF日本語 🙂\n'), undefined],
  ['nothing', Buffer.alloc(0), undefined],
])('%s', (_, head, message) => {
  const check = () => requireText('a.csv', head)
  if (message === undefined) expect(check).not.toThrow()
  else expect(check).toThrow(message)
})

test('an HTML page and an XML document hold no rows', () => {
  const check = (text: string) => () => requireRows('a', Buffer.from(text))
  expect(check('\n<!DOCTYPE html>\n<html>')).toThrow(/a: the file is an HTML page/)
  expect(check('<?xml version="1.0"?>')).toThrow(/an XML document/)
  expect(check('<b>hello</b>\n')).not.toThrow()
})
