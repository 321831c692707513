import { expect, it } from 'vitest'
import { reignsOf } from './reigns.ts'

const release = (at: string, kind: string, version: string) => ({
  at,
  kind,
  version,
  by: '',
  reason: '',
})

it('says when which version served', () => {
  const releases = [
    release('06', 'swap', '2'),
    release('05', 'rollback', '2'),
    release('04', 'promote', '3'),
    release('03', 'publish', '3'),
    release('02', 'promote', '2'),
    release('01', 'promote', '2'),
  ]
  expect(reignsOf(releases)).toEqual([
    { version: '2', from: '05' },
    { version: '3', from: '04', to: '05' },
    { version: '2', from: '01', to: '04' },
  ])
  expect(reignsOf([])).toEqual([])
})
