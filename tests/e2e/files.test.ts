// Files of other programs through the commands: how each file is read, and the message for those
// that are refused. No command here contacts a server.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
})
