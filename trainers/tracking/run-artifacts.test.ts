// Which files of a run are artifacts: not those of other processes, not what is too large, and
// nothing if the configuration says so.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RunProgress } from './progress-log.ts'
import { artifactsToSend, runArtifacts, tooLargeText } from './run-artifacts.ts'
import type { TrackedRun } from './tracked-run.ts'

let storeDir: string
beforeEach(async () => void (storeDir = await mkdtemp(join(tmpdir(), 'winnow-artifacts-'))))
afterEach(() => rm(storeDir, { recursive: true, force: true }))

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(storeDir, path, '..'), { recursive: true })
  await writeFile(join(storeDir, path), text)
}

const run = (): TrackedRun =>
  ({
    run: 'r',
    kind: 'train',
    dir: join(storeDir, 'runs', 'r'),
    model: 'mail@1',
    task: 'single-label',
  }) as TrackedRun

const progress = (...files: string[]): RunProgress => ({ files }) as unknown as RunProgress

it('lists files, the report of the version, predictions and what is drawn', async () => {
  const manifest = JSON.stringify({ dataManifest: { train: { source: 'a.jsonl' } } })
  await write('runs/r/run.json', manifest)
  await write('runs/r/large.jsonl', 'x'.repeat(1_000))
  for (const file of ['start.json', 'mlflow.json', 'mlflow.lock', 'checkpoint', 'run.json.new']) {
    await write(`runs/r/${file}`, '')
  }
  await write('versions/mail/1/report.html', '<html>')
  await write('versions/mail/1/manifest.json', '{}')
  await write('elsewhere/predictions.jsonl', '{}')
  const course = progress(join(storeDir, 'elsewhere/predictions.jsonl'), join(storeDir, 'gone'))
  const found = await runArtifacts(run(), { storeDir, progress: course, bytesMax: 500 })
  expect(found.artifacts.map(({ path }) => path).sort()).toEqual([
    'data-manifest.json',
    'model/manifest.json',
    'plots/confusion.svg',
    'plots/precision-recall.svg',
    'plots/reliability.svg',
    'plots/risk-coverage.svg',
    'plots/roc.svg',
    'predictions/predictions.jsonl',
    'report.html',
    'run.json',
  ])
  expect(found.tooLarge).toEqual([{ path: 'large.jsonl', bytes: 1_000 }])
  expect(tooLargeText(found)).toMatch(/artifactBytesMax: large.jsonl$/)
  const data = found.artifacts.find(({ path }) => path === 'data-manifest.json')!
  expect(JSON.parse(await (await data.open()).text())).toEqual({ train: { source: 'a.jsonl' } })
})

it('prefers the report of the run to that of its version, and notices a change', async () => {
  await write('runs/r/report.html', 'of the run')
  await write('versions/mail/1/report.html', 'of the version')
  const list = async () =>
    (await runArtifacts(run(), { storeDir, progress: undefined, bytesMax: 500 })).artifacts
  const [report] = await list()
  expect(await (await report!.open()).text()).toBe('of the run')
  await write('runs/r/report.html', 'of the run, again')
  const again = (await list()).find(({ path }) => path === 'report.html')!
  expect(again.stamp).not.toBe(report!.stamp)
})

it('lists nothing if artifacts are off', async () => {
  await write('runs/r/run.json', '{}')
  const config = { artifacts: 'none', artifactBytesMax: 500 } as const
  const found = await artifactsToSend(run(), { storeDir, progress: undefined, config })
  expect(found).toEqual({ artifacts: [], tooLarge: [] })
  expect(tooLargeText(found)).toBeUndefined()
})
