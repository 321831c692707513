// `winnow explain` as a process: its document, what a person sees, and what it refuses.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Explanation } from '../../models/explain/explanation.ts'
import { describeExamples } from '../../trainers/data/dataset.ts'
import { trainHead } from '../../trainers/head/train-head.ts'
import { winnow, type Environment } from '../support/cli.ts'
import { smallBase } from '../support/small-base.ts'
import { sampleText } from '../support/workspace.ts'

const setUpMsMax = 120_000
let dir: string
let env: Environment

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-explain-'))
  env = { WINNOW_MODEL_STORE: dir, WINNOW_STATE: join(dir, 'state'), NO_COLOR: '1' }
  const examples = Array.from({ length: 90 }, (_, number) => sampleText(number))
  const train = { examples, manifest: describeExamples('sample.jsonl', examples) }
  const base = await smallBase(dir)
  await trainHead({ train, base, storeDir: dir, name: 'mail', seed: 1, maxTokens: 64, workers: 1 })
}, setUpMsMax)
afterAll(() => rm(dir, { recursive: true, force: true }))

const explain = (...args: string[]) => winnow(['explain', '--model', 'mail', ...args], { env })
const text = `  ${sampleText(1).text} 😀 שלום`

it('prints one document, the same each time', async () => {
  const { status, stdout, stderr } = await explain('--text', text, '--json')
  expect(stderr).toBe('')
  expect(status).toBe(0)
  const found = JSON.parse(stdout) as Explanation
  expect(found).toMatchObject({ model: 'mail@1', method: 'integrated-gradients' })
  expect(found.completenessGap).toBeLessThanOrEqual(0.01)
  for (const part of [...found.tokens, ...found.words]) {
    expect(part.text).toBe(text.slice(part.start, part.end))
  }
  expect((await explain('--text', text, '--json')).stdout).toBe(stdout)
})

it('shows a person the text and its heaviest words, without colour codes where they are off', async () => {
  const { status, stdout } = await explain('--text', text, '--method', 'occlusion')
  expect(status).toBe(0)
  expect(stdout).toContain(text.trim())
  expect(stdout).toContain('occlusion: words replaced by the mask token one at a time')
  expect(stdout).not.toContain('\u001b')
})

it('says what is wrong', async () => {
  const unknown = await explain('--text', text, '--label', 'nothing')
  expect(unknown).toMatchObject({ status: 2, stdout: '' })
  expect(unknown.stderr).toContain("mail@1 has no label 'nothing'")
  expect((await explain('--text', '  ')).stderr).toContain('The text is empty')
  expect((await explain('--text', text, '--method', 'shapley')).status).toBe(2)
})
