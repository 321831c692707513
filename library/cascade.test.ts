// Which texts of a cascade are held out, and which are refused because they trained the model.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeTinyVersion } from '../tests/support/tiny-version.ts'
import { writeRunRecord, type RunRecord } from '../trainers/runs/run-record.ts'
import { buildCascade } from './cascade.ts'
import { readDataset, type LabelledText } from './read-texts.ts'

const letters = Array.from('abcdefghijklmnopqrstuvwxyz')
const texts: LabelledText[] = Array.from({ length: 40 }, (_, at) => ({
  text: [10, 8, 4].map((count, part) => letters[10 * part + (at % count)]).join(' '),
  label: 'abc'[at % 3]!,
}))
let storeDir: string

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-cascade-texts-'))
  await writeTinyVersion({ storeDir, draft: { trainingRun: 'r-1' } })
  const { manifest } = await readDataset(texts, { storeDir })
  const record = { run: 'r-1', model: 'tiny@1', dataManifest: { train: manifest } }
  await writeRunRecord(storeDir, record as unknown as RunRecord)
})
afterAll(() => rm(storeDir, { recursive: true }))

it('refuses to hold out texts that trained the full model', async () => {
  const build = buildCascade({ storeDir, model: 'tiny', data: texts })
  await expect(build).rejects.toMatchObject({ code: 'usage' })
  await expect(build).rejects.toThrow(/was trained on these texts.*--held-out/)
  const others = texts.slice(1)
  await expect(
    buildCascade({ storeDir, model: 'tiny', data: others, heldOut: texts }),
  ).rejects.toThrow(/was trained on the held-out texts/)
})

it('holds out a part of other texts, and says when it is not known what trained the model', async () => {
  const notes: string[] = []
  const others = texts.slice(1)
  // 40 % of 39 texts are too few, which the message counts.
  await expect(buildCascade({ storeDir, model: 'tiny', data: others })).rejects.toThrow(
    /^1[4-6] held-out texts cannot show .* takes at least 804 texts/,
  )
  await writeTinyVersion({ storeDir })
  const unknown = buildCascade({
    ...{ storeDir, model: 'tiny@2', data: others },
    onNote: (line) => notes.push(line),
  })
  await expect(unknown).rejects.toMatchObject({ code: 'dataset_invalid' })
  expect(notes).toContainEqual(expect.stringMatching(/trained tiny@2 are not known/))
})
