// Mistakes in a command line are found before any work starts: each wrong option of each command,
// its message and exit status, within seconds and without creating a file. The addresses are dead,
// so a command that continued would fail with another code.
import { symlinkSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelStoreDir } from '../../configs/paths.ts'
import { withinProcess } from '../support/within-process.ts'
import { trainTestModel, sampleText } from '../support/workspace.ts'

let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-options-'))
  await mkdir(join(dir, 'store'))
  symlinkSync(join(modelStoreDir(), 'bases'), join(dir, 'store', 'bases'))
  await trainTestModel(join(dir, 'store'))
  const lines = Array.from({ length: 12 }, (_, number) => JSON.stringify(sampleText(number)))
  await writeFile(join(dir, 'good.jsonl'), lines.join('\n'))
  await writeFile(join(dir, 'run.json'), '{"dataManifest": {}}')
  await writeFile(join(dir, 'notes.txt'), 'not JSON')
})

afterAll(() => rm(dir, { recursive: true }))

/**
 * Runs a command line in this process; `DIR` in an argument or setting stands for the test's
 * folder.
 */
async function within(argv: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  const inDir = (text: string): string => text.replaceAll('DIR', dir)
  const environment = {
    WINNOW_KAFKA_BROKERS: '127.0.0.1:9',
    WINNOW_REGISTRY_URL: 'http://127.0.0.1:9',
    WINNOW_CLICKHOUSE_URL: 'http://127.0.0.1:9',
    WINNOW_CLICKHOUSE_WAIT_MS_MAX: '0',
    WINNOW_GATEWAY_PORT: '0',
    WINNOW_MODEL_STORE: 'DIR/store',
    WINNOW_STATE: 'DIR/state',
    ...settings,
  }
  const env = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, inDir(value)]),
  )
  const startMs = performance.now()
  const finished = await withinProcess(argv.map(inDir), { env })
  return { ...finished, ms: performance.now() - startMs }
}

type Case = readonly [
  line: string,
  status: 1 | 2,
  sentence: RegExp,
  settings?: Record<string, string>,
]

const train = 'train --name new --data DIR/good.jsonl'
const evaluate = 'evaluate --model test --data DIR/good.jsonl'
const absent = /absent\.jsonl: there is no such file \[dataset_invalid\]/

const cases: readonly Case[] = [
  // Files to read.
  ['train --name new --data DIR/absent.jsonl', 1, absent],
  ['models push test@1 --data DIR/absent.jsonl', 1, absent],
  ['models promote test@1 --data DIR/absent.jsonl', 1, absent],
  ['models export test@1 DIR', 2, /is not empty; name a new folder/],
  ['models export test@1 DIR/absent/mail', 2, /there is no such folder/],
  [`${train} --test DIR/absent.jsonl`, 1, /--test \S+absent\.jsonl: there is no such file/],
  [`${train} --test DIR/store`, 1, /--test \S+: the folder has no file of texts/],
  [`${train} --method full --validation DIR/absent.jsonl`, 1, /--validation \S+absent\.jsonl/],
  [`${train} --data-manifest DIR/absent.json`, 1, /--data-manifest \S+: there is no such file/],
  [`${train} --data-manifest DIR/notes.txt`, 2, /notes\.txt: this is not JSON; give the run\.json/],
  [
    `${train} --data-manifest DIR/run.json`,
    2,
    /neither the run\.json of a run nor a data manifest/,
  ],
  ['labels check --data DIR/absent.jsonl', 1, absent],
  ['evaluate --model test --data DIR/absent.jsonl', 1, absent],
  ['classify --model test --data DIR/absent.jsonl', 1, absent],
  ['classify --model test --data DIR/store', 1, /--data \S+: the folder has no file of texts/],
  ['produce --data DIR/absent.jsonl', 1, absent],
  ['data check DIR/absent.csv', 1, /SRC \S+absent\.csv: there is no such file/],
  ['data check DIR/good.jsonl topic:a', 2, /Several sources must all be files/],
  [
    'data check DIR/good.jsonl --fields txt=body',
    2,
    /There is no field "txt".*Did you mean text\?/,
  ],
  ['data check DIR/good.jsonl --fields text', 2, /Write it like text=body/],
  ['classify --model test --data DIR/*.csv', 1, /--data \S+: no file matches this pattern/],
  ['labels check --data DIR/good.jsonl DIR/good.jsonl --out DIR/x.csv', 2, /--out needs one file/],
  ['produce --data DIR/store', 1, /the folder has no file of texts/],
  // Files to write when the work is done.
  [
    `${evaluate} --report DIR/none/report.html`,
    2,
    /--report \S+: there is no folder \S+none; make it first/,
  ],
  [`${evaluate} --report DIR`, 2, /--report \S+: this is a folder; name a file/],
  [
    'classify --model test --data DIR/good.jsonl --stats DIR/none/s.json',
    2,
    /--stats \S+: there is no folder/,
  ],
  [
    'classify --model test --data DIR/good.jsonl --stats DIR/good.jsonl/s.json',
    2,
    /good\.jsonl is a file, not a folder/,
  ],
  [
    train,
    2,
    /The model store \S+ cannot be written: \S+good\.jsonl is not a folder.*WINNOW_MODEL_STORE/,
    { WINNOW_MODEL_STORE: 'DIR/good.jsonl/store' },
  ],
  // Names.
  ['train --name no/body --data DIR/good.jsonl', 2, /'no\/body' cannot name a model/],
  [`${train} --base bert-of-mine`, 1, /no base encoder called 'bert-of-mine'/],
  [
    'labels check --data DIR/good.jsonl --base bert-of-mine',
    1,
    /no base encoder called 'bert-of-mine'/,
  ],
  ['base pull bert-of-mine', 1, /no base encoder called 'bert-of-mine'/],
  ['base pull minilm-l6 --from DIR/absent', 2, /--from \S+absent: there is no such folder/],
  ['models import DIR/absent --name new', 2, /DIR \S+absent: there is no such folder/],
  ['models import DIR/good.jsonl --name new', 2, /this is a file; a folder is needed/],
  ['models import DIR --name no/body', 2, /cannot name a model/],
  ['classify --model nobody --data DIR/good.jsonl', 1, /no model 'nobody'/],
  ['evaluate --model test@7 --data DIR/good.jsonl', 1, /no test@7/],
  [`${evaluate} --compare nobody`, 1, /no model 'nobody'/],
  ['stream --model nobody', 1, /no model 'nobody'/],
  [
    'stream --stages tokenize --model no/body',
    2,
    /inference\.model is "no\/body" \(set by --model\): must be NAME/,
  ],
  ['serve --model nobody', 1, /no model 'nobody'/],
  ['replay --model nobody', 1, /no model 'nobody'/],
  [
    'replay --model test --into 2026',
    2,
    /--into 2026: a table name has letters, digits and _ only/,
  ],
  ['bench nothing', 2, /There is no benchmark nothing/],
  // Numbers.
  [`${train} --max-tokens 100000`, 2, /--max-tokens must be from 3 to \d+ with/],
  [
    `${train} --method partial --layers 99`,
    2,
    /--layers must be from 1 to \d+ with this base, not 99/,
  ],
  [`${train} --seed 4294967296`, 2, /whole number from 0 to 4294967295/],
  [`${train} --near-duplicates 0.2`, 2, /a number from 0\.5 to 1, or off/],
  ['serve --port 70000', 2, /whole number from 0 to 65535/],
  ['produce --data DIR/good.jsonl --rate 1.5', 2, /whole number of at least 1/],
  ['produce --data DIR/good.jsonl --rate 0x10', 2, /whole number of at least 1/],
  ['models shadow test@1 --percent 101', 2, /a number of at least 0 and at most 100/],
  // Times and ranges.
  ['replay --model test --from 10 --to 5', 2, /starts at offset 10, after its end at offset 5/],
  [
    'replay --model test --from 0=3,1=9 --to 0=5,1=8',
    2,
    /of partition 1 starts at offset 9, after its end/,
  ],
  [
    'replay --model test --from 2026-02-01 --to 2026-01-01',
    2,
    /starts at 2026-02-01\S+, after its end/,
  ],
  ['replay --model test --from 2026-02-31', 2, /2026-02-31 cannot be the start of a range/],
  ['replay --model test --from latest', 2, /latest cannot be the start of a range/],
  [
    'train --name new --data topic:winnow.events@9..3',
    2,
    /starts at offset 9, after its end at offset 3/,
  ],
  ['train --name new --data topic:winnow.events@soon', 2, /is not a topic with a range/],
  ['train --name new --data clickhouse:', 2, /clickhouse: must be followed by a query/],
  ['dlq list --since 1h --until 2h', 2, /--since \S+ must be before --until/],
  ['dlq replay --since 2026-03-01 --until 2026-02-01', 2, /--since \S+ must be before --until/],
  ['dlq list --since 2026-13-01', 2, /a time such as/],
  // Addresses.
  [
    'serve --host 127.0.0.1:80',
    2,
    /gateway\.host is "127\.0\.0\.1:80" \(set by --host\): must be a host name/,
  ],
  ['serve --host 192.0.2.1 --set gateway.keys=[]', 2, /gateway\.host is "192\.0\.2\.1"/],
  ['stream', 2, /telemetry\.host/, { WINNOW_TELEMETRY_HOST: '192.0.2.1' }],
  [
    'status',
    2,
    /kafka\.brokers\.0 is "localhost:99999".*a port from 1 to 65535/,
    { WINNOW_KAFKA_BROKERS: 'localhost:99999' },
  ],
  [
    'status',
    2,
    /clickhouse\.url is "localhost:8123".*write http:\/\/localhost:8123/,
    { WINNOW_CLICKHOUSE_URL: 'localhost:8123' },
  ],
  [
    'status',
    2,
    /gateway\.port is 70000 \(set by WINNOW_GATEWAY_PORT\): must be at most 65535/,
    { WINNOW_GATEWAY_PORT: '70000' },
  ],
  // What only publishing needs is checked before training.
  [`${train} --publish`, 1, /\[(?:broker|registry|analytics)_unavailable\]/],
  // Options that contradict each other.
  [`${evaluate} --compare test@1`, 2, /test@1 is test@1 itself; name another version/],
  [`${train} --text-column label`, 2, /--text-column and --label-column are both "label"/],
  [
    'train --name new --data topic:winnow.events --text-column body',
    2,
    /--text-column is for files only/,
  ],
  [`${train} --epochs 3`, 2, /--epochs has no meaning with --method head/],
  [`${train} --method full --layers 3`, 2, /--layers has no meaning with --method full/],
  ['status --set store.kind=folder', 2, /store\.path is missing: store\.kind folder needs it/],
  ['status --set store.kind=s3', 2, /store\.bucket is missing: store\.kind s3 needs it/],
]

describe('a wrong option', () => {
  it.each(cases.map((each) => [each[0], each] as const))('%s', async (_line, each) => {
    const [line, status, sentence, settings] = each
    const before = await listing()
    const done = await within(line.split(' '), settings)
    expect(done.stderr).toMatch(sentence)
    expect(done.stderr).not.toMatch(/\n\s+at /)
    expect({ status: done.status, stdout: done.stdout }).toEqual({ status, stdout: '' })
    expect(done.ms).toBeLessThan(10_000)
    expect(await listing()).toEqual(before)
  })

  it('may be a port that another program has', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((listening) => other.once('listening', listening))
    const port = String((other.address() as AddressInfo).port)
    const served = await within(['serve', '--port', port])
    expect(served.stderr).toMatch(`Another program listens on 127.0.0.1:${port}. Stop it, or`)
    const streamed = await within(['stream'], { WINNOW_TELEMETRY_PORT: port })
    expect(streamed.stderr).toMatch(/another telemetry\.port; 0 picks a free one\. \[port_taken\]/)
    other.close()
  })
})

/** Everything in the folder, including embeddings and runs. */
async function listing(): Promise<string[]> {
  return (await readdir(dir, { recursive: true })).sort()
}
