// Detects the format of a file of texts by its beginning and its name, and explains files that
// cannot be read. The *-rows.ts files read the formats.
import { WinnowError } from '../../schemas/errors.ts'
import type { RowColumns } from './row-columns.ts'
import { tableDelimiter } from './table-header.ts'

/** `json` is one JSON array of objects; `text` is one text per line. */
export const fileFormats = ['jsonl', 'json', 'csv', 'parquet', 'xlsx', 'text'] as const
export type FileFormat = (typeof fileFormats)[number]

/** The name of each format in messages. */
export const formatNames: Readonly<Record<FileFormat, string>> = {
  jsonl: 'JSON Lines',
  json: 'a JSON array',
  csv: 'a table',
  parquet: 'Parquet',
  xlsx: 'an Excel workbook',
  text: 'plain text, one text per line',
}

const extensions: readonly [RegExp, FileFormat][] = [
  [/\.(?:csv|tsv)$/i, 'csv'],
  [/\.parquet$/i, 'parquet'],
  [/\.xlsx$/i, 'xlsx'],
  [/\.(?:jsonl|ndjson|json)$/i, 'jsonl'],
]

/** The end of the name of a compressed file. */
export const compressedName = /\.(?:gz|zst)$/i

/** What the detection looks at. */
export type FormatClues = {
  readonly name: string
  /** The beginning of the file, decompressed. */
  readonly head: Buffer
  readonly columns: RowColumns
  /**
   * The format of a file that matches no other: one text per line, or JSON Lines with a mistake.
   */
  readonly otherwise: 'text' | 'jsonl'
}

/** The format of a file by its beginning; it does not throw. `requireText` checks for text. */
export function detectFormat({ name, head, columns, otherwise }: FormatClues): FileFormat {
  if (head.subarray(0, 4).equals(parquetMark)) return 'parquet'
  if (head.subarray(0, 4).equals(zipMark) && officeNames.test(head.toString('latin1')))
    return 'xlsx'
  const text = beginningOf(head)
  // Plain text may begin with [INFO] or {name}, so the next character must be one of JSON.
  if (/^\[\s*(?:[{[\]"]|$)/.test(text)) return 'json'
  if (/^\{\s*(?:["}]|$)/.test(text)) return 'jsonl'
  const plainName = name.replace(compressedName, '')
  const [, named] = extensions.find(([pattern]) => pattern.test(plainName)) ?? []
  if (named === 'csv' || named === 'parquet' || named === 'xlsx') return named
  if (tableDelimiter(text, columns) !== undefined) return 'csv'
  return named ?? otherwise
}

/** The beginning as text, without a byte order mark or blank lines. */
function beginningOf(head: Buffer): string {
  return head.toString('utf8').replace(/^[\uFEFF\s]+/, '')
}

const parquetMark = Buffer.from('PAR1')
const zipMark = Buffer.from('PK\x03\x04')
/** Names of entries at the beginning of an Office file; a workbook may have any of them first. */
const officeNames = /\bxl\/|\[Content_Types\]\.xml|_rels\/\.rels|docProps\//

/** Files by their first bytes. Sources: the magic numbers of `file`, and IANA media types. */
const signatures: readonly [string | readonly number[], string][] = [
  [[0x89, 0x50, 0x4e, 0x47], 'a PNG image'],
  [[0xff, 0xd8, 0xff], 'a JPEG image'],
  ['GIF89a', 'a GIF image'],
  ['GIF87a', 'a GIF image'],
  ['%PDF-', 'a PDF document; extract its text first'],
  ['{\\rtf', 'an RTF document; save it as plain text or CSV'],
  [
    [0xd0, 0xcf, 0x11, 0xe0],
    'an old Office file (XLS or DOC), or one with a password; save it as XLSX or CSV (UTF-8) without one',
  ],
  ['PAR1', 'a Parquet file; leave out --format, or use --format parquet'],
  ['ARROW1', 'an Arrow or Feather file; save it as Parquet'],
  ['Obj\x01', 'an Avro file; save it as Parquet or JSON Lines'],
  ['ORC', 'an ORC file; save it as Parquet'],
  ['SQLite format 3', 'an SQLite database; export the table as CSV'],
  ['\x93NUMPY', 'a NumPy array; save it as CSV or Parquet'],
  [[0x89, 0x48, 0x44, 0x46], 'an HDF5 file; save it as CSV or Parquet'],
  [[0x80, 0x04, 0x95], 'a Python pickle; save it as CSV or Parquet'],
  ['BZh', 'bzip2-compressed; decompress it first with `bunzip2`, or use gzip or zstd'],
  [
    [0xfd, 0x37, 0x7a, 0x58, 0x5a],
    'xz-compressed; decompress it first with `unxz`, or use gzip or zstd',
  ],
  [
    [0x04, 0x22, 0x4d, 0x18],
    'lz4-compressed; decompress it first with `lz4 -d`, or use gzip or zstd',
  ],
  [[0x37, 0x7a, 0xbc, 0xaf], 'a 7z archive; unpack it first'],
  ['Rar!', 'a RAR archive; unpack it first'],
  ['\x7fELF', 'a program; give a text file or Parquet'],
  ['version https://git-lfs', 'a Git LFS pointer instead of the data; run `git lfs pull`'],
]

/** Text documents without rows, by their beginning. */
const documents: readonly [RegExp, string][] = [
  [/^<!doctype html|^<html[\s>]/i, 'an HTML page; save the texts as JSON Lines or CSV'],
  [/^<\?xml/i, 'an XML document; save the texts as JSON Lines or CSV'],
]

/**
 * Checks by its beginning that a file is text in UTF-8.
 *
 * @throws WinnowError `dataset_invalid`, which says what the file is instead, and what to do.
 */
export function requireText(name: string, head: Buffer): void {
  const found = otherContent(head)
  if (found === undefined) return
  throw new WinnowError('dataset_invalid', `${name}: the file is ${found}`)
}

function otherContent(head: Buffer): string | undefined {
  const marked = markedEncoding(head)
  if (marked !== undefined) return encodingText(marked)
  for (const [mark, what] of signatures) {
    const bytes = typeof mark === 'string' ? Buffer.from(mark, 'latin1') : Buffer.from(mark)
    // A text may begin with a word such as ORC. Then text follows, not binary data.
    const isText = typeof mark === 'string' && mark.length < 5 && !hasControls(head)
    if (head.subarray(0, bytes.length).equals(bytes) && !isText) return what
  }
  if (head.subarray(0, 4).equals(zipMark)) return zipContent(head)
  if (head.subarray(257, 262).equals(Buffer.from('ustar'))) return 'a tar archive; unpack it first'
  const unmarked = unmarkedEncoding(head)
  if (unmarked !== undefined) return encodingText(unmarked)
  return head.includes(0) ? 'binary (it holds NUL bytes); give a text file or Parquet' : undefined
}

/**
 * Checks that a file whose format was detected is not a document such as a web page.
 *
 * @throws WinnowError `dataset_invalid`, as `requireText` does.
 */
export function requireRows(name: string, head: Buffer): void {
  const beginning = beginningOf(head.subarray(0, 1_024))
  const [, document] = documents.find(([pattern]) => pattern.test(beginning)) ?? []
  if (document === undefined) return
  throw new WinnowError('dataset_invalid', `${name}: the file is ${document}`)
}

function zipContent(head: Buffer): string {
  const names = head.toString('latin1')
  if (officeNames.test(names)) {
    return 'an Office file (a ZIP archive, such as XLSX); leave out --format, or use --format xlsx'
  }
  if (/opendocument/.test(names)) return 'an OpenDocument file; save it as XLSX or CSV (UTF-8)'
  return 'a ZIP archive; unpack it first'
}

/** Whether there are control characters that no text file has. */
function hasControls(head: Buffer): boolean {
  return head
    .subarray(0, 1_024)
    .some((byte) => byte < 9 || (byte > 13 && byte < 0x1b) || byte > 0xf7)
}

/** `code` is the name for iconv, `label` that for --encoding, if there is one. */
type Encoding = { readonly name: string; readonly code: string; readonly label?: string }

function encodingText({ name, code, label }: Encoding): string {
  const other = label === undefined ? '' : `, or use --encoding ${label}`
  return `${name}; save it as UTF-8, such as with \`iconv -f ${code} -t UTF-8\`${other}`
}

/** Detects UTF-16 or UTF-32 by its byte order mark (Unicode 17, section 23.8). */
function markedEncoding(head: Buffer): Encoding | undefined {
  const starts = (...bytes: number[]): boolean => bytes.every((byte, at) => head[at] === byte)
  if (starts(0xff, 0xfe, 0, 0) || starts(0, 0, 0xfe, 0xff))
    return { name: 'UTF-32', code: 'UTF-32' }
  if (starts(0xff, 0xfe)) return { name: 'UTF-16', code: 'UTF-16', label: 'utf-16le' }
  if (starts(0xfe, 0xff)) return { name: 'UTF-16', code: 'UTF-16', label: 'utf-16be' }
  return undefined
}

/** Detects them without a mark: in Latin text, every second byte or three of four are zero. */
function unmarkedEncoding(head: Buffer): Encoding | undefined {
  const sample = head.subarray(0, Math.min(4_096, head.length - (head.length % 4)))
  const zeros = [0, 0, 0, 0]
  for (const [at, byte] of sample.entries()) if (byte === 0) zeros[at % 4]!++
  const shares = zeros.map((count) => (4 * count) / sample.length) as [
    number,
    number,
    number,
    number,
  ]
  const pattern = shares.map((share) => (share > 0.4 ? '0' : share < 0.1 ? 'x' : '?')).join('')
  const [name, code] = unmarkedEncodings.get(pattern) ?? []
  if (name === undefined || code === undefined) return undefined
  if (code === 'UTF-32') return { name, code }
  const text = code === 'UTF-16LE' ? sample : Buffer.from(sample).swap16()
  // Binary 16-bit numbers have zeros at the same positions.
  const isText = !hasControls(Buffer.from(text.toString('utf16le')))
  return isText ? { name, code, label: code.toLowerCase() } : undefined
}

const unmarkedEncodings: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['x0x0', ['UTF-16 without a byte order mark', 'UTF-16LE']],
  ['0x0x', ['UTF-16 without a byte order mark', 'UTF-16BE']],
  ['x000', ['UTF-32', 'UTF-32']],
  ['000x', ['UTF-32', 'UTF-32']],
])
