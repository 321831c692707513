import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openEmbeddingCache } from '../embeddings/embedding-cache.ts'
import { forgetInStore, touchedRuns } from './forget-in-store.ts'
import { ForgottenTexts } from './forgotten-texts.ts'
import { trainedOn } from './trained-on.ts'

const text = 'my parcel 4711 never came, and I want my money back'
const other = 'thank you for the quick delivery of my parcel'
const forgotten = new ForgottenTexts({ texts: [text], ids: ['e-7'] })

let storeDir: string
beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-forget-'))
})
afterEach(() => rm(storeDir, { recursive: true, force: true }))

async function put(path: string, content: string | Buffer): Promise<void> {
  await mkdir(join(storeDir, path, '..'), { recursive: true })
  await writeFile(join(storeDir, path), content)
}
const lines = (...values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('')
const read = (path: string) => readFile(join(storeDir, path), 'utf8')
const actions = async (options = { dryRun: false }) => {
  const files = await forgetInStore(storeDir, forgotten, options)
  return Object.fromEntries(
    files.map(({ path, action }) => [path.slice(storeDir.length + 1), action]),
  )
}

it('prunes lists and predictions, removes pages and packed texts, and leaves the rest', async () => {
  await put(
    'runs/r1/label-issues.jsonl',
    lines({ id: 'e-7', text: 'x' }, { id: 'e-8', text: other }),
  )
  await put('runs/r1/predictions.jsonl', lines({ index: 0, text }, { index: 1, text: other }))
  await put('runs/r1/report.json', lines({ confused: [{ texts: [{ text }, { text: other }] }] }))
  await put('runs/r1/report.html', `<p>${text}</p>`)
  await put('runs/r1/notes.txt', `they wrote: ${text}`)
  await put('runs/r2/predictions.jsonl', lines({ index: 0, text: other }))
  await put('runs/r2/report.html', `<p>${other}</p>`)
  await put('versions/mail/1/report.html', `<p>${text.replace('never', '<i>never</i>')}</p>`)
  await put('work/aa.jsonl.gz', gzipSync(lines({ source: 's' }, { text, label: 'a' })))
  await put('work/bb.jsonl.gz', gzipSync(lines({ source: 's' }, { text: other, label: 'a' })))
  await put('work/cc.jsonl.gz', 'damaged')
  await put('frozen-states/ab.states', 'numbers')
  const expected = {
    'runs/r1/label-issues.jsonl': 'rewritten',
    'runs/r1/predictions.jsonl': 'rewritten',
    'runs/r1/report.json': 'rewritten',
    'runs/r1/report.html': 'removed',
    'runs/r1/notes.txt': 'removed',
    'versions/mail/1/report.html': 'removed',
    'work/aa.jsonl.gz': 'removed',
    'work/cc.jsonl.gz': 'removed',
    'frozen-states/ab.states': 'removed',
  }
  expect(await actions({ dryRun: true })).toEqual(expected)
  expect(await read('runs/r1/predictions.jsonl')).toContain(text)
  expect(await actions()).toEqual(expected)
  expect(await read('runs/r1/label-issues.jsonl')).toBe(lines({ id: 'e-8', text: other }))
  expect(await read('runs/r1/predictions.jsonl')).toBe(lines({ index: 1, text: other }))
  expect(await read('runs/r1/report.json')).toBe(
    lines({ confused: [{ texts: [{ text: other }] }] }),
  )
  expect((await readdir(join(storeDir, 'work'))).sort()).toEqual(['bb.jsonl.gz'])
  expect(await actions()).toEqual({})
})

it('finds nothing in a store that is empty or not there', async () => {
  expect(await actions()).toEqual({})
  expect(await forgetInStore(join(storeDir, 'none'), forgotten, { dryRun: false })).toEqual([])
})

it('takes embeddings of the texts out of the cache, and no others', async () => {
  const dir = join(storeDir, 'embeddings')
  const space = { graphSha256: 'g', tokenizerSha256: 't', maxTokens: 8, width: 3 }
  const embedding = (value: number) => ({ row: Float32Array.of(value, 1, 2), tokens: 5 })
  const first = await openEmbeddingCache({ dir, space })
  await first.put([
    { text: 'before', embedding: embedding(1) },
    { text, embedding: embedding(2) },
    { text: other, embedding: embedding(3) },
  ])
  await first.close()
  const bytesBefore = await readFile(
    join(
      dir,
      (await readdir(dir)).find((name) => name.endsWith('.rows'))!,
    ),
  )
  expect(Object.values(await actions())).toEqual(['rewritten'])
  const again = await openEmbeddingCache({ dir, space })
  expect(await again.get(text)).toBeUndefined()
  expect(await again.get('before')).toEqual(embedding(1))
  expect(await again.get(other)).toEqual(embedding(3))
  await again.put([{ text: 'after', embedding: embedding(4) }])
  expect(await again.get('after')).toEqual(embedding(4))
  await again.close()
  const bytes = await readFile(
    join(
      dir,
      (await readdir(dir)).find((name) => name.endsWith('.rows'))!,
    ),
  )
  expect(bytesBefore.subarray(12, 24).equals(Buffer.alloc(12))).toBe(false)
  expect(bytes.subarray(12, 24).equals(Buffer.alloc(12))).toBe(true)
  expect(await actions()).toEqual({})
})

it('names the runs that read an offset, or held a text', async () => {
  const from = { kind: 'topic', topic: 't', partitions: [{ partition: 0, from: 5, to: 9 }] }
  const record = (facts: unknown) => JSON.stringify({ dataManifest: { train: { from: facts } } })
  await put('runs/reads/run.json', record(from))
  await put('runs/reads/mlflow.json', '{"url":"http://mlflow"}')
  await put('runs/other-topic/run.json', record({ ...from, topic: 'u' }))
  await put(
    'runs/ends-before/cv.json',
    record({ ...from, partitions: [{ partition: 0, from: 5, to: 7 }] }),
  )
  await put('runs/unfinished/progress.jsonl', `${record(from)}\n{"cut`)
  await put('runs/held/predictions.jsonl', lines({ index: 0, text }))
  const files = await forgetInStore(storeDir, forgotten, { dryRun: true })
  const origins = [{ topic: 't', partition: 0, offset: 7, recordTimeMs: 1 }]
  const found = await trainedOn(storeDir, { origins, touched: touchedRuns(storeDir, files) })
  expect(found.sort((a, b) => (a.run < b.run ? -1 : 1))).toEqual([
    { run: 'held', versions: [], why: 'its folder held a text' },
    { run: 'reads', versions: [], why: 'it read these offsets', mlflow: 'http://mlflow' },
    { run: 'unfinished', versions: [], why: 'it read these offsets' },
  ])
})
