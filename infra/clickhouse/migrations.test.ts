// How a migration file is split into statements, and that the shipped files can be applied twice.
// Applying them is tested with a real engine.
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { statementsOf } from './migrations.ts'

describe('statementsOf', () => {
  it('ends a statement at a semicolon that ends its line', () => {
    const sql = 'CREATE TABLE a (n Int8)\nENGINE = Memory;\n\nDROP TABLE b;  \nSELECT 1'
    expect(statementsOf(sql)).toEqual([
      'CREATE TABLE a (n Int8)\nENGINE = Memory',
      'DROP TABLE b',
      'SELECT 1',
    ])
  })

  it('keeps a semicolon within a line, and drops comment lines', () => {
    const sql = "-- first; of all\nSELECT 'a;b';\n  -- indented; too\nSELECT 2;\n"
    expect(statementsOf(sql)).toEqual(["SELECT 'a;b'", 'SELECT 2'])
  })

  it('finds no statement in an empty file', () => {
    expect(statementsOf('')).toEqual([])
    expect(statementsOf('-- only a comment\n;\n')).toEqual([])
  })
})

describe('the shipped migrations', () => {
  const names = readdirSync(new URL('../sql/', import.meta.url)).sort()

  it('are numbered without a gap', () => {
    expect(names.length).toBeGreaterThan(1)
    names.forEach((name, index) => {
      expect(name).toMatch(/^\d{4}_[a-z-]+\.sql$/)
      expect(Number(name.slice(0, 4))).toBe(index + 1)
    })
  })

  it.each(names)('%s can be applied again by a second process', (name) => {
    const sql = readFileSync(new URL(`../sql/${name}`, import.meta.url), 'utf8')
    for (const statement of statementsOf(sql)) {
      expect(statement).toMatch(
        /^(?:CREATE .*IF NOT EXISTS|CREATE OR REPLACE|DROP .*IF EXISTS|ALTER .*IF (?:NOT )?EXISTS|ALTER .*MODIFY (?:SETTING|QUERY))/,
      )
      expect(statement, 'an unsplit statement').not.toMatch(/;\s*CREATE/)
    }
  })
})
