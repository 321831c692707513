// The speed is measured by real steps, which leave nothing behind.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ensureBase } from '../../models/bases/base-store.ts'
import { letterText, writeTinyBase } from '../../tests/support/tiny-base.ts'
import { describeExamples, trainingLabels } from '../data/dataset.ts'
import { measureSecondsPerStep, type TrainingSpeedOptions } from './training-speed.ts'

let dir: string
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'winnow-speed-'))))
afterAll(() => rm(dir, { recursive: true, force: true }))

async function options(): Promise<TrainingSpeedOptions> {
  const storeDir = join(dir, 'store')
  await writeTinyBase(join(dir, 'base'))
  const base = await ensureBase({ name: 'tiny', storeDir, from: join(dir, 'base') })
  const examples = Array.from({ length: 300 }, (_, number) => letterText(number))
  const train = { examples, manifest: describeExamples('letters.jsonl', examples) }
  return { train, labels: trainingLabels(train), base, storeDir, seed: 1, workers: 1 }
}

it('is that of a few steps, without a run in the store', async () => {
  const measured = await options()
  const seconds = await measureSecondsPerStep(measured)
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThan(5)
  expect(await readdir(measured.storeDir)).not.toContain('runs')
})

it('ends when it is cancelled', async () => {
  const signal = AbortSignal.abort()
  await expect(measureSecondsPerStep({ ...(await options()), signal })).rejects.toMatchObject({
    code: 'cancelled',
  })
})
