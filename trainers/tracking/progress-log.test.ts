// The course of a run on disk: what a kill leaves, what a resumed run adds, and that a disk that
// cannot be written disturbs nothing.
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openProgressLog, readProgress } from './progress-log.ts'

let dir: string
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'winnow-progress-'))))
afterEach(() => rm(dir, { recursive: true, force: true }))

const begun = {
  run: 'r-1',
  kind: 'tune',
  name: 'mail',
  method: 'full',
  started: '2026-01-31T12:00:00.000Z',
  parameters: { seed: 1 },
  dataManifest: {} as never,
} as const
const open = () => openProgressLog(join(dir, 'r-1'), begun, { folder: 'created' })
const point = (step: number, within?: string) =>
  ({ event: 'point', series: 'step', step, within, metrics: { loss: 1 / step } }) as const

it('keeps steps, folds and files, and each step once after a resume', async () => {
  const first = open()
  first.add({ event: 'begun', step: '0' })
  first.add(point(1, '0'))
  first.add(point(2, '0'))
  first.add({ event: 'stopped', state: 'cancelled', error: 'Cancelled.' })
  await first.flush()
  expect((await readProgress(join(dir, 'r-1')))!.stopped).toMatchObject({ state: 'cancelled' })
  // A kill in the middle of a line.
  await appendFile(join(dir, 'r-1', 'progress.jsonl'), '{"event":"poi')
  const second = open()
  second.add({ event: 'begun', step: '0' })
  second.add(point(2, '0'))
  second.add(point(3, '0'))
  second.add(point(3, '1'))
  second.add({ event: 'ended', step: '0', seconds: 2 })
  second.add({ event: 'file', path: '/a' })
  second.add({ event: 'file', path: '/a' })
  await second.flush()
  const read = (await readProgress(join(dir, 'r-1')))!
  expect(read.points.map(({ step, within }) => `${within}:${step}`)).toEqual([
    ...['0:1', '0:2', '0:3', '1:3'],
  ])
  expect(read).toMatchObject({ files: ['/a'], stopped: undefined })
  expect(read.ended.get('0')).toMatchObject({ seconds: 2 })
  expect(read.begun.get('0')).toBe(first.progress.begun.get('0'))
  expect(read.start).toMatchObject({ run: 'r-1', environment: { node: process.versions.node } })
})

it('keeps at most 20,000 points', async () => {
  const log = open()
  for (let step = 1; step <= 20_010; step++) log.add(point(step))
  await log.flush()
  expect(log.progress.points).toHaveLength(20_000)
  const text = await readFile(join(dir, 'r-1', 'progress.jsonl'), 'utf8')
  expect(text.split('\n')).toHaveLength(20_002)
})

it('goes on if the file cannot be written', async () => {
  await writeFile(join(dir, 'file'), '')
  const log = openProgressLog(join(dir, 'file', 'r-1'), begun, { folder: 'awaited' })
  log.add(point(1))
  await log.flush()
  expect(log.progress.points).toHaveLength(1)
})
