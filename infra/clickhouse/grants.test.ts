// The grants as data: what each topology adds, and that docs/clickhouse.md lists the same.
// tests/integration/grants.test.ts tries them on the engine.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { grantsOf, grantStatement, usedBy, type Use } from './grants.ts'

const uses = Object.keys(usedBy) as Use[]
const page = readFileSync(new URL('../../docs/clickhouse.md', import.meta.url), 'utf8')
const configOf = (clickhouse: object) => configSchema.parse({ clickhouse }).clickhouse
const shown = (use: Use, clickhouse: object = {}) =>
  grantsOf(use, configOf(clickhouse)).map(({ privilege, on }) => `${privilege} ON ${on}`)

/** The cell of a use in the table of the page. */
function cellOf(use: Use): string {
  const row = page.split('\n').find((line) => line.startsWith(`| \`${use}\` `))
  return row!.split('|')[3]!
}

it.each(uses)('the page lists the grants of %s, and no others', (use) => {
  const cell = cellOf(use)
  const words = [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!)
  const grants = grantsOf(use, configOf({}))
  const listed = new Set(words.filter((word) => word !== 'query' && word !== 'winnow.*'))
  const expected = new Set(
    grants.flatMap(({ privilege, on }) => [privilege, on.replace(/^winnow\./, '')]),
  )
  // All have those of query, which is SELECT on the database.
  for (const word of ['*', 'SELECT']) expected.delete(word)
  listed.delete('SELECT')
  expect([...listed].sort()).toEqual([...expected].sort())
})

it('the example on the page is the user of the stream', () => {
  for (const grant of grantsOf('stream', configOf({}))) {
    expect(page).toContain(`${grantStatement(grant, 'winnow_stream')};`)
  }
  expect(page.match(/TO winnow_stream;/g)).toHaveLength(grantsOf('stream', configOf({})).length)
})

it('a cluster needs more', () => {
  const more = (use: Use, clickhouse: object) => {
    const plain = shown(use)
    return shown(use, clickhouse).filter((grant) => !plain.includes(grant))
  }
  const main = { cluster: 'main' }
  expect(more('query', main)).toEqual(['SELECT ON system.clusters'])
  expect(more('stream', main)).toEqual(['REMOTE ON *.*', 'SELECT ON system.clusters'])
  expect(more('migrate', main)).toEqual([
    'SELECT ON system.clusters',
    'CLUSTER ON *.*',
    'TABLE ENGINE ON ReplicatedAggregatingMergeTree',
    'TABLE ENGINE ON ReplicatedMergeTree',
    'TABLE ENGINE ON ReplicatedReplacingMergeTree',
  ])
  expect(more('stream', { ...main, sharded: true })).toEqual([
    'INSERT ON winnow.classifications_local',
    'INSERT ON winnow.dead_letters_local',
    'INSERT ON winnow.filtered_events_local',
    'INSERT ON winnow.inference_batches_local',
    'REMOTE ON *.*',
    'SELECT ON system.clusters',
  ])
  expect(more('replay', { ...main, sharded: true })).toContain('TABLE ENGINE ON Distributed')
  expect(more('stream', { cloud: true })).toEqual(['REMOTE ON *.*'])
})
