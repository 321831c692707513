// `winnow explain` as a process: its document, what a person sees, and what it refuses.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Explanation } from '../../models/explain/explanation.ts'
import type { LabelWords } from '../../models/explain/label-words.ts'
import { describeExamples } from '../../trainers/data/dataset.ts'
import { trainHead } from '../../trainers/head/train-head.ts'
import { openFolderObjects } from '../../models/store/folder-objects.ts'
import { openVersion } from '../../models/store/version-store.ts'
import { uploadVersion } from '../../models/store/version-upload.ts'
import { winnow, type Environment } from '../support/cli.ts'
import { startFakeClickHouse } from '../support/fake-clickhouse.ts'
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

it('samples Shapley values with their errors, the same for a seed', async () => {
  const args = ['--text', text, '--method', 'shapley', '--samples', '400', '--json']
  const [first, again] = await Promise.all([explain(...args), explain(...args)])
  expect(first.stdout).toBe(again.stdout)
  const found = JSON.parse(first.stdout) as Explanation
  expect(found).toMatchObject({ method: 'shapley', steps: null })
  const total = found.words.reduce((sum, { attribution }) => sum + attribution, 0)
  expect(total).toBeCloseTo(found.logOdds - found.baselineLogOdds!, 9)
  expect(found.words.every(({ standardError }) => standardError! >= 0)).toBe(true)
})

it('explains a file as JSON lines and as a page, and says which words push the labels', async () => {
  const data = join(dir, 'texts.jsonl')
  const texts = [text, ' ', ...Array.from({ length: 8 }, (_, number) => sampleText(number).text)]
  await writeFile(data, texts.map((one) => `${JSON.stringify({ text: one })}\n`).join(''))
  const html = join(dir, 'why.html')
  const { status, stdout, stderr } = await explain('--data', data, '--html', html)
  expect([status, stderr]).toEqual([0, expect.stringContaining('1 empty text without')])
  const lines = stdout.trim().split('\n').map((line) => JSON.parse(line) as Explanation & { id: string }) // prettier-ignore
  expect(lines.map(({ id }) => id)).toEqual(texts.map((_, at) => String(at + 1)))
  expect(lines[1]).toMatchObject({ error: { code: 'text_empty' } })
  const alone = JSON.parse((await explain('--text', text, '--json')).stdout) as Explanation
  expect(lines[0]).toEqual({ id: '1', ...alone })
  expect(await readFile(html, 'utf8')).toContain('Words that push each label')
  const summary = await explain('--data', data, '--summary', '--json')
  const { model, labels } = JSON.parse(summary.stdout) as { model: string; labels: LabelWords[] }
  expect(model).toBe('mail@1')
  expect(labels.reduce((sum, one) => sum + one.texts, 0)).toBe(texts.length - 1)
  expect(labels.flatMap((one) => one.wordsFor).length).toBeGreaterThan(0)
})

it('explains a stored row with the version that made it, fetched if it is not here', async () => {
  const engine = await startFakeClickHouse()
  try {
    const row = { eventId: 'e-1', text: 'I love this item', label: 'praise', score: 0.9 }
    const by = { model: 'mail', version: '1', role: 'champion' }
    engine.select = (response) => response.end(JSON.stringify({ data: [{ ...row, ...by }] }))
    const objects = openFolderObjects(join(dir, 'objects'))
    const version = await openVersion({ ref: 'mail@1', storeDir: dir })
    await uploadVersion({ objects, version })
    const args = ['explain', '--row', 'winnow.events/0/17', '--json']
    const settings = { ...env, WINNOW_CLICKHOUSE_URL: engine.url }
    const emptyStore = { WINNOW_MODEL_STORE: join(dir, 'elsewhere') }
    const remote = { WINNOW_STORE_KIND: 'folder', WINNOW_STORE_PATH: join(dir, 'objects') }

    const gone = await winnow(args, { env: { ...settings, ...emptyStore } })
    expect(gone.status).toBe(1)
    expect(gone.stderr).toContain('was classified by mail@1, which is gone')

    const fetched = await winnow(args, { env: { ...settings, ...emptyStore, ...remote } })
    expect(fetched.stderr).toBe('')
    const found = JSON.parse(fetched.stdout) as Explanation
    expect(found).toMatchObject({ model: 'mail@1', row: { ...row, ...by } })
    expect(await winnow(args, { env: settings })).toMatchObject({ stdout: fetched.stdout })
  } finally {
    await engine.close()
  }
})

it('says what is wrong', async () => {
  const unknown = await explain('--text', text, '--label', 'nothing')
  expect(unknown).toMatchObject({ status: 2, stdout: '' })
  expect(unknown.stderr).toContain("mail@1 has no label 'nothing'")
  expect((await explain('--text', '  ')).stderr).toContain('The text is empty')
  expect((await explain('--text', text, '--method', 'guess')).status).toBe(2)
  expect((await explain('--text', text, '--data', 'x')).stderr).toContain(
    'Give one of --text, --row',
  )
  expect((await explain('--text', text, '--summary')).stderr).toContain('--summary needs the texts')
  expect((await explain('--row', 'topic/0')).stderr).toContain('such as winnow.events/0/17')
})
