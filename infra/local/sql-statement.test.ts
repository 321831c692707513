import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  inputFromFile,
  insertFromFile,
  readStatement,
  selectIntoFile,
  sqlString,
} from './sql-statement.ts'

const read = (sql: string | Buffer) => readStatement(Buffer.from(sql))

describe('readStatement of an INSERT', () => {
  it.each([
    ['INSERT INTO t FORMAT JSONEachRow\n{"a":1}', 'INSERT INTO t', '', 'JSONEachRow', '{"a":1}'],
    ['insert into `a b`.t (x, y) format CSV 1,2', 'insert into `a b`.t (x, y)', '', 'CSV', '1,2'],
    [
      'INSERT INTO t SETTINGS a = 1, b = 2 FORMAT TSV\n',
      'INSERT INTO t',
      'a = 1, b = 2',
      'TSV',
      '',
    ],
    ['INSERT INTO db.format FORMAT TSV', 'INSERT INTO db.format', '', 'TSV', ''],
    ['INSERT INTO format FORMAT TSV', 'INSERT INTO format', '', 'TSV', ''],
    ['INSERT INTO TABLE t VALUES', 'INSERT INTO TABLE t', '', 'Values', ''],
    ['INSERT INTO {t:Identifier} FORMAT TSV', 'INSERT INTO {t:Identifier}', '', 'TSV', ''],
    [
      "INSERT INTO FUNCTION file('x', 'CSV') FORMAT TSV",
      "INSERT INTO FUNCTION file('x', 'CSV')",
      '',
      'TSV',
      '',
    ],
    [
      '/* why */ INSERT INTO t -- here\n FORMAT TSV\r\n1',
      '/* why */ INSERT INTO t -- here',
      '',
      'TSV',
      '1',
    ],
    ['INSERT INTO t', 'INSERT INTO t', '', 'Values', ''],
  ])('%s', (sql, head, settings, format, rows) => {
    expect(read(sql)).toEqual({
      kind: 'insert-rows',
      head,
      settings,
      format,
      rows: Buffer.from(rows),
    })
  })

  it('leaves bytes of binary rows alone', () => {
    const rows = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    const bytes = Buffer.concat([Buffer.from('INSERT INTO é FORMAT RowBinary\n'), rows])
    expect(read(bytes)).toMatchObject({ kind: 'insert-rows', head: 'INSERT INTO é', rows })
  })

  it('counts the tuples of a VALUES list', () => {
    const sql = "INSERT INTO t VALUES (1, 'a;)('), (f(2), 'it''s') ;"
    expect(read(sql)).toMatchObject({ kind: 'command', verb: 'INSERT', valuesRows: 2 })
  })

  it('hands INSERT SELECT and INSERT FROM INFILE to the engine', () => {
    expect(read('INSERT INTO t SELECT 1')).toMatchObject({ kind: 'command', valuesRows: 0 })
    expect(read("INSERT INTO t FROM INFILE 'x' FORMAT CSV")).toMatchObject({ kind: 'command' })
  })

  it('finds the input function, its structure and the rows behind the format', () => {
    const head = "INSERT INTO t (a) SELECT a FROM input('a Int8') WHERE a > (SELECT 1) "
    const statement = read(`${head}FORMAT CSV\n1\n2\n`)
    expect(statement).toMatchObject({ kind: 'insert-input', structure: "'a Int8'", format: 'CSV' })
    if (statement.kind !== 'insert-input') return
    expect(statement.rows.toString()).toBe('1\n2\n')
    expect(inputFromFile(statement, '/x/rows.in')).toBe(
      "INSERT INTO t (a) SELECT a FROM file('/x/rows.in', CSV, 'a Int8') WHERE a > (SELECT 1) ",
    )
  })
})

describe('readStatement of a query', () => {
  it.each([
    ['SELECT 1', 'SELECT 1', undefined, ''],
    ['SELECT 1 FORMAT JSON', 'SELECT 1', 'JSON', ''],
    [
      'select format from t format CSV settings max_threads = 1;',
      'select format from t',
      'CSV',
      'settings max_threads = 1',
    ],
    ["SELECT ';', 'FORMAT TSV' -- end; really", "SELECT ';', 'FORMAT TSV'", undefined, ''],
    ['(SELECT 1) UNION ALL (SELECT 2)', '(SELECT 1) UNION ALL (SELECT 2)', undefined, ''],
    ['SELECT $x$ ; $x$', 'SELECT $x$ ; $x$', undefined, ''],
    ['SELECT "a;""b" FROM t', 'SELECT "a;""b" FROM t', undefined, ''],
  ])('%s', (sql, body, format, tail) => {
    expect(read(sql)).toEqual({ kind: 'select', body, format, tail })
  })

  it('tells commands by their verb', () => {
    expect(read('show tables format JSON')).toMatchObject({
      kind: 'command',
      verb: 'SHOW',
      format: 'JSON',
    })
    expect(read('CREATE TABLE t (a UInt8) ENGINE = Memory')).toMatchObject({ verb: 'CREATE' })
  })

  it('refuses nothing, several statements and files', () => {
    expect(read(' -- only a comment')).toMatchObject({ kind: 'command' })
    expect(read('  \n')).toEqual({ kind: 'refused', reason: 'empty' })
    expect(read('SELECT 1; DROP TABLE t')).toEqual({ kind: 'refused', reason: 'several' })
    expect(read("SELECT 1 INTO OUTFILE 'x'")).toEqual({ kind: 'refused', reason: 'outfile' })
  })

  it('never throws, whatever it is given', () => {
    const pieces = fc.constantFrom(
      'SELECT',
      'INSERT INTO',
      'FORMAT',
      'VALUES',
      "'",
      '"',
      '(',
      ')',
      ';',
      '--',
      '/*',
      '\\',
    )
    const soup = fc
      .array(fc.oneof(pieces, fc.string({ unit: 'binary' })))
      .map((parts) => parts.join(' '))
    fc.assert(
      fc.property(soup, (sql) => {
        expect(read(sql).kind).toBeTypeOf('string')
      }),
    )
  })
})

describe('rewriting', () => {
  it('puts the file where the grammar wants it', () => {
    const insert = read('INSERT INTO t (a) SETTINGS x = 1 FORMAT CSV')
    const select = read('SELECT 1 FORMAT CSV SETTINGS x = 1')
    if (insert.kind !== 'insert-rows' || select.kind !== 'select') throw new Error('misread')
    expect(insertFromFile(insert, "/it's")).toBe(
      "INSERT INTO t (a) FROM INFILE '/it\\'s' SETTINGS x = 1 FORMAT CSV",
    )
    expect(selectIntoFile(select, { file: '/f', defaultFormat: 'TSV' })).toBe(
      "SELECT 1\nINTO OUTFILE '/f' TRUNCATE FORMAT CSV SETTINGS x = 1",
    )
  })

  it('quotes any text as one string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const sql = `SELECT ${sqlString(text)}, 1`
        expect(read(sql)).toMatchObject({ kind: 'select', body: sql })
      }),
    )
  })
})
