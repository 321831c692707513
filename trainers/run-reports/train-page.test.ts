// The report of a training, drawn again without the model: the same explanations of mistakes.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ensureBase, type Base } from '../../models/bases/base-store.ts'
import { letterText, writeTinyBase } from '../../tests/support/tiny-base.ts'
import { describeExamples, type Dataset } from '../data/dataset.ts'
import { trainEncoder } from '../encoder/train-encoder.ts'
import { trainHead } from '../head/train-head.ts'
import { readReportContent } from '../runs/report-content.ts'
import { writeRunReport } from './run-page.ts'

const setUpMsMax = 60_000
let storeDir: string
let base: Base
beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-train-page-'))
  await writeTinyBase(join(storeDir, 'base'))
  base = await ensureBase({ name: 'tiny', storeDir, from: join(storeDir, 'base') })
}, setUpMsMax)
afterAll(() => rm(storeDir, { recursive: true }))

/** Texts of letters, one in five with a wrong label. */
function mislabelled(count: number): Dataset {
  const examples = Array.from({ length: count }, (_, at) => {
    const { text, label } = letterText(at)
    return { text, label: at % 5 === 0 ? 'abc'[at % 2]! : label }
  })
  return { examples, manifest: describeExamples('letters.jsonl', examples) }
}

const marks = (page: string): string[] =>
  page.match(/<mark class="[^"]*" style[^>]*title.*?<\/mark>/g) ?? []

it.each(['head', 'partial'] as const)('%s keeps what explains its mistakes', async (method) => {
  const shared = { train: mislabelled(120), base, storeDir, seed: 1, workers: 1 }
  const train = async (name: string) =>
    method === 'head'
      ? trainHead({ ...shared, name })
      : trainEncoder({
          ...{ ...shared, name, test: mislabelled(60) },
          ...{ method: { kind: 'partial', layers: 1 }, recipe: { epochs: 1 } },
        })
  const first = await train(`${method}-first`)
  const written = await readFile(join(first.modelDir, 'report.html'), 'utf8')
  expect(marks(written).length).toBeGreaterThan(3)
  expect(written).toContain('Marked words say why, by integrated gradients')
  const again = await train(`${method}-again`)
  const { confused } = (await readReportContent(first.runDir))!
  expect((await readReportContent(again.runDir))!.confused).toEqual(confused)
  await rm(first.modelDir, { recursive: true })
  const page = await readFile(await writeRunReport(storeDir, first.runDir), 'utf8')
  expect(marks(page)).toEqual(marks(written))
})
