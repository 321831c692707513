import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readStatement, selectIntoFile, sqlString } from './sql-statement.ts'

describe('readStatement', () => {
  it('recognises an INSERT that rows follow', () => {
    const sql = 'INSERT INTO db.format (a, `b c`) SETTINGS x = 1 FORMAT JSONEachRow'
    expect(readStatement(sql)).toEqual({ kind: 'insert-rows', sql, format: 'JSONEachRow' })
  })

  it('finds the input function, its structure and the format', () => {
    const sql =
      "INSERT INTO t (a) SELECT a FROM input('a Int8, b Enum8(\\'x\\' = 1)') WHERE a > (SELECT 1) FORMAT CSV"
    expect(readStatement(sql)).toEqual({
      kind: 'insert-input',
      before: 'INSERT INTO t (a) SELECT a FROM ',
      structure: "'a Int8, b Enum8(\\'x\\' = 1)'",
      after: ' WHERE a > (SELECT 1)',
      format: 'CSV',
    })
  })

  it('passes an INSERT SELECT to the engine', () => {
    expect(readStatement('INSERT INTO t SELECT 1')).toMatchObject({
      kind: 'command',
      verb: 'INSERT',
    })
  })

  it.each([
    ['SELECT 1', 'SELECT 1', undefined, ''],
    ['SELECT 1 FORMAT JSON', 'SELECT 1', 'JSON', ''],
    ['SELECT 1 FORMAT `Null`', 'SELECT 1', 'Null', ''],
    [
      'SELECT format FROM t FORMAT CSV SETTINGS max_threads = 1',
      'SELECT format FROM t',
      'CSV',
      'SETTINGS max_threads = 1',
    ],
    ["SELECT ';', 'FORMAT TSV'", "SELECT ';', 'FORMAT TSV'", undefined, ''],
    ['(SELECT 1) UNION ALL (SELECT 2)', '(SELECT 1) UNION ALL (SELECT 2)', undefined, ''],
  ])('finds body, format and settings of %s', (sql, body, format, tail) => {
    expect(readStatement(sql)).toEqual({ kind: 'select', body, format, tail })
  })

  it('recognises commands by their verb', () => {
    const show = readStatement('SHOW TABLES FORMAT JSON')
    expect(show).toMatchObject({ kind: 'command', verb: 'SHOW', format: 'JSON' })
    expect(readStatement('CREATE TABLE t (a UInt8) ENGINE = Memory')).toMatchObject({
      kind: 'command',
      verb: 'CREATE',
    })
  })

  it.each([
    "SELECT 1 INTO OUTFILE '/x'",
    "EXPLAIN SELECT 1 INTO OUTFILE '/x' FORMAT CSV",
    "DESCRIBE TABLE t INTO OUTFILE '/x'",
    "INSERT INTO t FROM INFILE '/x' COMPRESSION 'gzip' FORMAT CSV",
    "CREATE TABLE t (a UInt8) ENGINE = MergeTree SETTINGS disk = disk(type = local, path = '/x/')",
    "CREATE TABLE t (a UInt8) PARALLEL WITH (SELECT 1 INTO OUTFILE '/x')",
  ])('refuses %s', (sql) => {
    expect(readStatement(sql)).toMatchObject({ kind: 'refused' })
  })

  it('ignores the words of a file clause in strings and names', () => {
    const sql = "SELECT 'INTO OUTFILE', `FROM INFILE` FROM t"
    expect(readStatement(sql)).toMatchObject({ kind: 'select', body: sql })
  })
})

describe('rewriting', () => {
  it('puts the file where the grammar allows it', () => {
    const select = readStatement('SELECT 1 FORMAT CSV SETTINGS x = 1')
    if (select.kind !== 'select') throw new Error('misread')
    expect(selectIntoFile(select, { file: "/it's", defaultFormat: 'TSV' })).toBe(
      "SELECT 1 INTO OUTFILE '/it\\'s' TRUNCATE FORMAT CSV SETTINGS x = 1",
    )
  })

  it('quotes any text as one string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const sql = `SELECT ${sqlString(text)}, 1`
        expect(readStatement(sql)).toMatchObject({ kind: 'select', body: sql })
      }),
    )
  })
})
