// Files as people have them, on real services: a folder of tables and workbooks becomes events whose
// languages the stream tells, and commands read objects of an S3-compatible server.
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { writeFile } from 'node:fs/promises'
import { openS3Objects } from '../../infra/store/s3-objects.ts'
import { startWinnow } from '../support/cli.ts'
import { newBucket, openS3Server } from '../support/s3-server.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

let space: Workspace

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
})

afterAll(() => space.close())

const workbook = fileURLToPath(new URL('../fixtures/workbook-shared.xlsx', import.meta.url))

describe('a folder of files', () => {
  it('becomes rows with their language; other languages are filtered and committed', async () => {
    const folder = join(space.dir, 'export')
    await mkdir(folder)
    await writeFile(join(folder, 'readme.txt'), 'not a table')
    const texts = [
      ['a-1', 'Wo ist mein Paket?'],
      ['a-2', 'Où est mon colis ?'],
      ['a-3', '¿Dónde está mi paquete?'],
    ]
    const table = ['Nr;Nachricht;Team', ...texts.map(([id, text]) => `${id};${text};x`)].join('\n')
    await writeFile(join(folder, '1.csv.zst'), zstdCompressSync(table))
    const later = { Nr: 'b-1', Nachricht: 'Où est mon colis, encore ?' }
    await writeFile(join(folder, '2.json.gz'), gzipSync(JSON.stringify([later])))
    const fields = 'text=Nachricht,id=Nr,attributes.team=Team?'
    const env = { ...space.env, WINNOW_LANGUAGE_ONLY: 'de,es' }
    const sent = await withinProcess(['produce', '--data', folder, '--fields', fields, '--json'], {
      env,
    })
    expect(sent).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('1.csv.zst') as string,
    })
    expect(JSON.parse(sent.stdout)).toMatchObject({ events: 4 })
    const book = ['--data', workbook, '--sheet', 'Tickets', '--fields', 'id=id,time=time']
    const rows = await withinProcess(['produce', ...book, '--json'], { env })
    expect(JSON.parse(rows.stdout)).toMatchObject({ events: 4 })
    const stream = await startWinnow(['stream'], { env })
    try {
      const found = await until(
        'rows of both languages, and no lag',
        async () => {
          const rows = await space.analytics.rows<{ id: string; attributes: object }>(
            'SELECT event_id AS id, attributes FROM classifications ORDER BY id',
          )
          const status = await withinProcess(['status', '--json'], { env })
          const { consumers } = JSON.parse(status.stdout) as { consumers: { lag: number }[] }
          const isDone = consumers.length > 0 && consumers.every(({ lag }) => lag === 0)
          return isDone && rows.length === 2 ? rows : undefined
        },
        120_000,
      )
      expect(found).toEqual([
        { id: 'a-1', attributes: { team: 'x', language: 'de' } },
        { id: 'a-3', attributes: { team: 'x', language: 'es' } },
      ])
      expect(await space.analytics.rows('SELECT code FROM dead_letters')).toEqual([])
    } finally {
      expect(await stream.stop()).toBe(0)
    }
  })
})

describe('objects of a bucket', () => {
  it('are read by the commands as files are', async () => {
    const { endpoint } = await openS3Server(inject('stack').stateDir)
    const { env: store, store: config, bucket } = await newBucket(endpoint)
    const objects = await openS3Objects({ ...config, prefix: '' })
    const lines = Array.from({ length: 60 }, (_, number) => JSON.stringify(sampleText(number)))
    await objects.write('texts/1.jsonl', { bytes: Buffer.from(lines.slice(0, 30).join('\n')) })
    const rest = zstdCompressSync(lines.slice(30).join('\n'))
    await objects.write('texts/2.jsonl.zst', { bytes: rest })
    await objects.write('texts/old/3.xlsx', { bytes: await readFile(workbook) })
    objects.close()
    // Only the address says that the data lies in S3; models stay on this machine.
    const env = { ...space.env, ...store, WINNOW_STORE_KIND: 'local' }
    const check = async (...argv: string[]) => {
      const done = await withinProcess(['data', 'check', ...argv, '--json'], { env })
      expect(done.stderr).not.toContain('winnow:')
      return JSON.parse(done.stdout) as { rows: number; training: object; from: object }
    }
    const all = await check(`s3://${bucket}/texts/`)
    expect(all).toMatchObject({ rows: 60, training: { kind: 'trains' } })
    expect(all.from).toMatchObject({ files: [{ name: '1.jsonl' }, { name: '2.jsonl.zst' }] })
    expect(await check(`s3://${bucket}/**/*.xlsx`, '--sheet', '2')).toMatchObject({ rows: 4 })
    const data = ['--data', `s3://${bucket}/texts/1.jsonl`, '--data', `s3://${bucket}/texts/2*`]
    const classified = await withinProcess(['classify', '--model', 'test', ...data], { env })
    const ids = classified.stdout.trim().split('\n').map((line) => (JSON.parse(line) as { id: string }).id) // prettier-ignore
    expect(ids).toHaveLength(60)
    expect(ids.at(-1)).toBe(`s3://${bucket}/texts/2.jsonl.zst:30`)
    const measured = await withinProcess(['evaluate', '--model', 'test', ...data, '--json'], {
      env,
    })
    expect(JSON.parse(measured.stdout)).toMatchObject({ examples: 60 })
    const missing = await withinProcess(['data', 'check', `s3://${bucket}/none.csv`], { env })
    expect(missing).toMatchObject({ status: 1 })
    expect(missing.stderr).toMatch(/none\.csv: there is no such object \[dataset_invalid\]/)
    const wrong = await withinProcess(['data', 'check', 's3://no-such-bucket-here/none/'], { env })
    expect(wrong.stderr).toMatch(/\[store_refused\]/)
  })
})
