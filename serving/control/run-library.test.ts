// Runs of a store as the gateway shows them. What their folders are read as is in
// trainers/tracking/run-store.test.ts.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunFilter } from '../../gateway/runs/run-reader.ts'
import { writeVersion } from '../../models/store/version-store.ts'
import { spamManifest } from '../../tests/support/version-draft.ts'
import { createRunLibrary } from './run-library.ts'

let storeDir: string
beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-library-'))
})
afterEach(() => rm(storeDir, { recursive: true }))

const manifest = { source: 'mail.jsonl', examples: 90, labels: { ham: 60 }, sha256: 'a'.repeat(64) }

async function writeRun(run: string, files: Readonly<Record<string, string>>): Promise<string> {
  const dir = join(storeDir, 'runs', run)
  await mkdir(dir, { recursive: true })
  for (const [file, text] of Object.entries(files)) await writeFile(join(dir, file), text)
  return dir
}

/** Name of the run number `hour` of a day. */
const nameOf = (hour: number, name = 'mail') =>
  `20260131T${String(hour).padStart(2, '0')}0000-${name}-aaaaaa`

const begun = (run: string, hour: number) => ({
  formatVersion: 1,
  run,
  started: `2026-01-31T${String(hour).padStart(2, '0')}:00:00.000Z`,
  dataManifest: { train: manifest },
  seconds: 12,
})

function writeTrained(hour: number, epochs: readonly object[] = []): Promise<string> {
  const run = nameOf(hour)
  const record = {
    ...begun(run, hour),
    ...{ model: 'mail@1', method: 'full', base: 'minilm-l6', parameters: { seed: 1 } },
    evaluation: { accuracy: 0.9, intervals: { accuracy: { low: 0.85, high: 0.95 } } },
    measuredOn: 'held-out texts',
    details: { epochs, bestEpoch: 2 },
  }
  return writeRun(run, { 'run.json': JSON.stringify(record) })
}

function writeCv(hour: number): Promise<string> {
  const run = nameOf(hour, 'cv')
  const fold = (number: number) => ({
    ...{ repeat: 1, fold: number, seconds: 1, metrics: { accuracy: 0.8 } },
    chosen: { inverseRegularisation: 3 },
  })
  const record = {
    ...begun(run, hour),
    ...{ method: 'full', parameters: { base: 'minilm-l6' }, mean: { accuracy: 0.8 } },
    metrics: { measuredOn: 'cross-validation' },
    intervals: {},
    folds: [fold(1), fold(2)],
    foldPlan: { sha256: 'b'.repeat(64) },
  }
  const point = { event: 'point', at: 1, series: 'epoch', within: '2', step: 1 }
  return writeRun(run, {
    'cv.json': JSON.stringify(record),
    'progress.jsonl': `${JSON.stringify({ ...point, metrics: { loss: 0.5 } })}\n`,
  })
}

const list = (filter: Partial<RunFilter> = {}) =>
  createRunLibrary(storeDir).list({ limit: 10, ...filter })

describe('a list of runs', () => {
  it('is empty in a new store', async () => {
    expect(await list()).toEqual({ runs: [] })
  })

  it('has each run once over all pages, newest first, also while one is added', async () => {
    for (const hour of [1, 2, 3, 4, 5]) await writeTrained(hour)
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await list({ limit: 2, after })
      seen.push(...page.runs.map(({ run }) => run))
      after = page.cursor
      await writeTrained(9)
    } while (after !== undefined)
    expect(seen).toEqual([5, 4, 3, 2, 1].map((hour) => nameOf(hour)))
    expect(await list({ after: 'no cursor' })).toHaveProperty('runs')
  })

  it('keeps to a kind and a name, and shows a damaged run with the reason', async () => {
    await writeTrained(1)
    await writeCv(2)
    await writeRun(nameOf(3), { 'run.json': '{' })
    expect((await list({ kind: 'cv' })).runs.map(({ run }) => run)).toEqual([nameOf(2, 'cv')])
    const { runs } = await list({ name: 'mail' })
    expect(runs.map(({ state, reason }) => [state, reason])).toEqual([
      ['damaged', 'run.json is not valid JSON'],
      ['finished', undefined],
    ])
  })
})

describe('one run', () => {
  it('has its epochs, or its folds with their epochs', async () => {
    await writeTrained(1, [
      { epoch: 1, loss: 0.5 },
      { epoch: 2, loss: 0.25 },
    ])
    await writeCv(2)
    const library = createRunLibrary(storeDir)
    expect(await library.run(nameOf(1))).toMatchObject({
      ...{ kind: 'train', children: 0, best: '2', parts: [], hasReport: false },
      metrics: { accuracy: { value: 0.9, low: 0.85, high: 0.95 } },
      dataManifest: { train: { source: 'mail.jsonl', examples: 90, labels: 1 } },
      steps: [
        { step: 1, metrics: { loss: 0.5 } },
        { step: 2, metrics: { loss: 0.25 } },
      ],
    })
    const cv = await library.run(nameOf(2, 'cv'))
    expect(cv).toMatchObject({ children: 2, partsOf: 'fold', steps: [] })
    expect(cv!.parts.map(({ step, epochs }) => [step, epochs])).toEqual([
      ['1', []],
      ['2', [{ step: 1, metrics: { loss: 0.5 } }]],
    ])
  })

  it('is found by its whole name alone, which leads nowhere else', async () => {
    const dir = await writeTrained(1)
    await writeFile(join(dir, 'report.html'), 'page')
    await writeFile(join(storeDir, 'report.html'), 'secret')
    const library = createRunLibrary(storeDir)
    for (const name of ['', '.', '..', nameOf(1).slice(0, 8), `../runs/${nameOf(1)}`, dir]) {
      expect([name, await library.run(name), await library.report(name)]).toEqual([
        name,
        undefined,
        undefined,
      ])
    }
    expect(Buffer.from((await library.report(nameOf(1)))!).toString()).toBe('page')
  })

  it('has the report of its folder, or else that of the version that it made', async () => {
    const dir = await writeTrained(1)
    await writeVersion({
      storeDir,
      name: 'mail',
      manifest: { ...spamManifest, trainingRun: nameOf(1) },
      model: { bytes: Buffer.from('model') },
      tokenizer: { bytes: Buffer.from('{}') },
      extras: { 'report.html': { bytes: Buffer.from('of the version') } },
    })
    const read = async () =>
      Buffer.from((await createRunLibrary(storeDir).report(nameOf(1))) ?? []).toString()
    expect(await read()).toBe('of the version')
    expect((await createRunLibrary(storeDir).run(nameOf(1)))!.hasReport).toBe(true)
    await symlink('/etc/passwd', join(dir, 'report.html'))
    expect(await read()).toBe('of the version')
    await rm(join(dir, 'report.html'))
    await writeFile(join(dir, 'report.html'), 'of the run')
    expect(await read()).toBe('of the run')
  })
})
