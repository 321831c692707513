// Files of other programs through the commands: how each file is read, and the message for those
// that are refused. No command here contacts a server.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { winnow, type Environment } from '../support/cli.ts'
import { smallBase } from '../support/small-base.ts'
import { withinProcess } from '../support/within-process.ts'
import { sampleText } from '../support/workspace.ts'

let dir: string
let env: Environment

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-files-'))
  const storeDir = join(dir, 'store')
  await smallBase(storeDir)
  env = {
    WINNOW_MODEL_STORE: storeDir,
    WINNOW_STATE: join(dir, 'state'),
    WINNOW_KAFKA_BROKERS: '127.0.0.1:9',
  }
  const samples = Array.from({ length: 60 }, (_, number) => JSON.stringify(sampleText(number)))
  const data = await file('train.json', `[${samples.join(',\n')}]`)
  const train = ['train', '--base', 'small']
  const done = await withinProcess([...train, '--data', data, '--name', 'cli', '--json'], { env })
  expect(done).toMatchObject({ status: 0, stderr: expect.stringMatching(/train\.json: read as a JSON array/) as string }) // prettier-ignore
})

afterAll(() => rm(dir, { recursive: true }))

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, content)
  return path
}

type Line = { id: string; label: string }

describe('files', () => {
  it('classify reads what train reads, and says what it took it for', async () => {
    const texts = ['my money back', 'where is my parcel']
    const array = JSON.stringify(
      texts.map((text) => ({ text, id: 1 })),
      null,
      2,
    )
    const table = `id,text,label\n18446744073709551615,"${texts[0]}",x\n2,"where is\nmy parcel",y\n`
    const inputs = [
      [await file('texts.json', array), /texts\.json: read as a JSON array/, ['1', '1']],
      [
        await file('texts.csv', table),
        /read as a table separated by commas/,
        ['18446744073709551615', '2'],
      ],
      [
        await file('texts.txt', `${texts.join('\n')}\n`),
        /plain text, one text per line/,
        ['1', '2'],
      ],
    ] as const
    for (const [data, note, ids] of inputs) {
      const done = await withinProcess(['classify', '--model', 'cli', '--data', data], { env })
      expect(done.stderr).toMatch(note)
      const found = done.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Line)
      expect(found.map(({ id, label }) => [id, label])).toEqual([
        [ids[0], 'refund'],
        [ids[1], 'parcel'],
      ])
    }
    const refused = [
      ['texts.png', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), /is a PNG image/],
      [
        'texts.xlsx',
        Buffer.from('PK\x03\x04\x14\0xl/workbook.xml', 'latin1'),
        /the workbook is damaged/,
      ],
      [
        'texts.zip',
        Buffer.from('PK\x03\x04\x14\0a.csv', 'latin1'),
        /a ZIP archive; unpack it first/,
      ],
      ['wide.jsonl', Buffer.from('\uFEFF{"text":"a"}\n', 'utf16le'), /is UTF-16; save it as UTF-8/],
      ['mail.csv', Buffer.from('subject,body\na,b\n'), /"subject", "body"\. --text-column/],
    ] as const
    for (const [name, content, sentence] of refused) {
      const data = await file(name, content)
      const done = await withinProcess(['classify', '--model', 'cli', '--data', data], { env })
      expect(done).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(sentence) as string }) // prettier-ignore
      expect(done.stderr).toContain('[dataset_invalid]')
    }
    const empty = await winnow(['classify', '--model', 'cli'], { env, input: '\u200b\nhello\n' })
    expect(empty.stdout.split('\n')[0]).toContain('"code":"text_empty"')
    expect(empty.stderr).toContain('1 empty text without a label')
  })

  it('produce names what is wrong with a file before it asks Kafka', async () => {
    for (const [data, sentence] of [
      [join(dir, 'missing.jsonl'), /missing\.jsonl: there is no such file/],
      [join(dir, 'store'), /store: the folder has no file of texts/],
      [await file('wide.csv', Buffer.from('text\na\n', 'utf16le')), /UTF-16 without a byte order/],
    ] as const) {
      const done = await withinProcess(['produce', '--data', data], { env })
      expect(done).toMatchObject({ status: 1, stderr: expect.stringMatching(sentence) as string })
      expect(done.stderr).toContain('[dataset_invalid]')
      expect(done.stderr).not.toMatch(/\n\s+at /)
    }
  })

  it.each(['classify', 'evaluate'])('%s names a file that is not there', async (command) => {
    const data = join(dir, 'missing.csv')
    const done = await withinProcess([command, '--model', 'cli', '--data', data], { env })
    expect(done).toMatchObject({ status: 1, stdout: '' })
    expect(done.stderr).toMatch(/missing\.csv: there is no such file \[dataset_invalid\]/)
  })

  it('every command reads several files, of which fields have other names', async () => {
    const rows = Array.from({ length: 60 }, (_, number) => sampleText(number))
    const tickets = rows.map(({ text, label }) => ({ ticket: { body: text }, queue: label }))
    const folder = join(dir, 'months')
    await mkdir(folder)
    await writeFile(join(folder, '1.json'), JSON.stringify(tickets.slice(0, 30)))
    const lines = tickets.slice(30).map((one) => JSON.stringify(one))
    await writeFile(join(folder, '2.jsonl.zst'), zstdCompressSync(lines.join('\n')))
    const fields = ['--fields', 'text={ticket.body},label=queue']
    const data = ['--data', join(folder, '1.json'), '--data', join(folder, '2*'), ...fields]
    const base = ['--base', 'small']
    const json = async (...argv: string[]) => {
      const done = await withinProcess([...argv, '--json'], { env })
      expect(done).toMatchObject({ status: 0 })
      return JSON.parse(done.stdout) as Record<string, unknown>
    }
    const trained = await json('train', ...base, ...data, '--name', 'months')
    expect(trained).toMatchObject({ examples: 60, labels: ['parcel', 'praise', 'refund'] })
    expect(trained['dataManifest']).toMatchObject({ train: { source: '1.json and 1 more' } })
    const measured = await json('evaluate', '--model', 'months', '--data', folder, ...fields)
    expect(measured).toMatchObject({ examples: 60 })
    expect(await json('cv', ...base, ...data, '--folds', '2')).toMatchObject({ examples: 60 })
    expect(await json('labels', 'check', ...base, ...data)).toMatchObject({ examples: 60 })
    const report = await json('data', 'check', folder, ...fields, '--test', data[1]!)
    expect(report).toMatchObject({
      rows: 60,
      labels: [{ texts: 20 }, { texts: 20 }, { texts: 20 }],
      problems: expect.arrayContaining([expect.objectContaining({ problem: 'leak' })]) as unknown,
    })
    const done = await withinProcess(['data', 'check', folder, ...fields], { env })
    expect(done.stdout).toMatch(/60 rows, 60 texts that can be read\n.*languages: /s)
    expect(done.stdout).toMatch(/parcel +20 +33 % +█+/)
    expect(done.stderr).toMatch(
      /1\.json: read as a JSON array\n.*2\.jsonl\.zst: read as JSON Lines/,
    )
    const lone = await withinProcess(['data', 'check', join(dir, 'missing.csv')], { env })
    expect(lone).toMatchObject({ status: 1, stdout: '' })
  })
})
