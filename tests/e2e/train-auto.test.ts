// `winnow train --method auto` on a small base, without a server: what it compares, says and
// records, and how it ends when it is stopped.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RunRecord } from '../../trainers/runs/run-record.ts'
import type { SelectionRecord } from '../../trainers/runs/selection-record.ts'
import { winnow, type Environment, type Finished } from '../support/cli.ts'
import { openOfflineFolder, type OfflineFolder } from '../support/offline-folder.ts'
import { letterText } from '../support/tiny-base.ts'

let folder: OfflineFolder
let dir: string
let env: Environment

const texts = Array.from({ length: 24 }, (_, number) => letterText(number))

beforeAll(async () => {
  folder = await openOfflineFolder(texts)
  ;({ dir, env } = folder)
})
afterAll(() => folder.remove())

const argumentsFor = (...more: string[]): string[] => [
  ...['train', '--data', join(dir, 'texts.jsonl'), '--name', 'letters', '--base', 'tiny'],
  ...['--near-duplicates', 'off', '--method', 'auto', ...more],
]

function train(...more: string[]): Promise<Finished> {
  return winnow(argumentsFor(...more), { env })
}

type Trained = { run: string; model: string; method: string; selection: SelectionRecord }

it('compares every method, trains the chosen one, and records why', async () => {
  const done = await train('--time', '5m', '--json')
  expect(done, done.stderr).toMatchObject({ status: 0 })
  const { run, model, method, selection } = JSON.parse(done.stdout) as Trained
  expect(model).toBe('letters@1')
  expect(selection).toMatchObject({ secondsMax: 300, examples: 24, folds: 5 })
  expect(selection.candidates.map((one) => [one.method, one.base, one.state])).toEqual([
    ['head', 'tiny', 'complete'],
    ['partial', 'tiny', 'complete'],
    ['full', 'tiny', 'complete'],
  ])
  expect(selection.chosen).toEqual({ method, base: 'tiny' })
  const means = selection.candidates.map(({ mean }) => mean!['macroF1']!)
  const best = selection.candidates.find((one) => one.method === selection.best!.method)!
  expect(best.mean!['macroF1']).toBe(Math.max(...means))
  expect(done.stderr).toMatch(/^head, tiny +\d+\.\d % +\[\d+\.\d %, \d+\.\d %\] /m)
  expect(done.stderr).toContain(`Chosen: ${method}, tiny. ${selection.reason}`)
  const path = join(dir, 'store', 'runs', run, 'run.json')
  const record = JSON.parse(await readFile(path, 'utf8')) as RunRecord
  expect(record).toMatchObject({ method, base: 'tiny', selection })
})

it('ends on Ctrl-C without a run', async () => {
  const runs = join(dir, 'store', 'runs')
  const before = readdirSync(runs)
  const child = spawn(process.execPath, ['cli.ts', ...argumentsFor('--time', '5m')], {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    const isFirst = !stderr.includes('candidate 1')
    stderr += String(chunk)
    // A second signal would end the process at once.
    if (isFirst && stderr.includes('candidate 1')) child.kill('SIGINT')
  })
  const [status] = (await once(child, 'close')) as [number]
  expect(status, stderr).toBe(1)
  expect(stderr).toContain('[cancelled]')
  expect(readdirSync(runs)).toEqual(before)
})

it.each([
  [['--epochs', '3'], '--epochs has no meaning with --method auto'],
  [['--method', 'head', '--time', '1m'], '--time has no meaning with --method head'],
])('refuses %j', async (options, sentence) => {
  const { status, stderr } = await train(...options)
  expect(status).toBe(2)
  expect(stderr).toContain(sentence)
})
