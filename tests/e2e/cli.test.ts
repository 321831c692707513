// The command line as people meet it: help, typing errors, stopped services, training without a
// stack. Commands that need the running stack are tested with their feature.
import { execFile } from 'node:child_process'
import { existsSync, symlinkSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProgram } from '../../cli.ts'
import { modelStoreDir } from '../../configs/paths.ts'
import { winnow, type Environment } from '../support/cli.ts'
import { withinProcess } from '../support/within-process.ts'
import { sampleText } from '../support/workspace.ts'

let dir: string
/** Nothing listens at these addresses, and the model store holds only the base encoder. */
let env: Environment

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-cli-'))
  env = { ...(await storeOf('store')), ...nowhere, WINNOW_STATE: join(dir, 'state') }
})

afterAll(() => rm(dir, { recursive: true }))

const nowhere = {
  WINNOW_KAFKA_BROKERS: '127.0.0.1:9',
  WINNOW_REGISTRY_URL: 'http://127.0.0.1:9/apis/ccompat/v7',
  WINNOW_CLICKHOUSE_URL: 'http://127.0.0.1:9',
  WINNOW_CLICKHOUSE_WAIT_MS_MAX: '0',
}

/** A new model store that shares the downloaded base encoders. */
async function storeOf(name: string): Promise<Environment> {
  const storeDir = join(dir, name)
  await mkdir(storeDir)
  symlinkSync(join(modelStoreDir(), 'bases'), join(storeDir, 'bases'))
  return { WINNOW_MODEL_STORE: storeDir }
}

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, content)
  return path
}

const within = (...argv: string[]) => withinProcess(argv, { env })

/** The words of every command, such as `models list`; the program itself comes first. */
function pathsOf(command: Command, path: readonly string[] = []): string[][] {
  const children = command.commands.map((child) => pathsOf(child, [...path, child.name()]))
  return [[...path], ...children.flat()]
}

describe('--help', async () => {
  const paths = pathsOf(await createProgram())

  it('knows the commands of the contract', () => {
    const names = paths.map((path) => path.join(' '))
    expect(names).toEqual(
      expect.arrayContaining([
        'up',
        'down',
        'status',
        'demo',
        'doctor',
        'base pull',
        'base list',
        'produce',
        'stream',
        'serve',
        'classify',
        'train',
        'evaluate',
        'models list',
        'models show',
        'models promote',
        'models rollback',
        'models challenge',
        'models shadow',
        'models compare',
        'models verify',
        'models import',
        'dlq list',
        'dlq show',
        'dlq replay',
        'query',
        'migrate',
      ]),
    )
  })

  it.each(paths.map((path) => [path.join(' '), path] as const))(
    '%s: status 0, an example, no line over 100 columns',
    async (_name, path) => {
      const { status, stdout, stderr } = await within(...path, '--help')
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(stdout).toMatch(/^Usage: winnow/)
      expect(stdout).toMatch(/\nExamples:\n {2}\$ /)
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
    },
  )

  it('is there for a process, too, with the version', async () => {
    const help = await winnow(['models', 'list', '--help'])
    expect(help).toMatchObject({ status: 0, stderr: '' })
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
    expect((await winnow(['--version'])).stdout).toBe(`${version}\n`)
  })
})

describe('a reader that leaves', () => {
  it('ends a command quietly', async () => {
    const shell = ['-c', '"$0" cli.ts models --help | true; echo "${PIPESTATUS[0]}"']
    const { stdout, stderr } = await promisify(execFile)('bash', [...shell, process.execPath])
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' })
  })
})

describe('a line that is typed wrong', () => {
  it.each([
    [['strem'], /unknown command 'strem'[\s\S]*Did you mean stream/],
    [['frobnicate'], /unknown command/],
    [['models', 'lst'], /unknown command 'lst'[\s\S]*list/],
    [['query'], /missing required argument 'sql'/],
    [['query', 'SELECT 1', 'FROM x'], /too many arguments/],
    [['replay'], /required option '--model <ref>'/],
    [['stream', '--stages', 'validate', '--grup', 'x'], /unknown option '--grup'[\s\S]*--group/],
    [['produce', '--data', 'x', '--rate', 'fast'], /whole number of at least 1/],
    [['serve', '--port', '-1'], /whole number from 0 to 65535/],
    [['stream', '--stages', 'infer..validate'], /validate comes before infer/],
    [['stream', '--stages', 'validate..'], /validate, tokenize, infer or a range/],
    [['stream', '--stages', 'embed'], /validate, tokenize, infer or a range/],
    [
      ['train', '--data', 'x', '--name', 'x', '--method', 'magic'],
      /Allowed choices are head, partial, full/,
    ],
    [
      ['train', '--data', 'x', '--name', 'x', '--engine', 'tfjs'],
      /--engine has no meaning with --method head/,
    ],
    [['dlq', 'show', '17'], /topic\/partition\/offset/],
    [['dlq', 'list', '--code', 'bad'], /No dead letter has this code\. The codes are value_null/],
    [['dlq', 'list', '--since', 'lately'], /a time such as .* or an age such as 2h/],
    [['dlq', 'list', '--open', '--all'], /'--open' cannot be used with option '--all'/],
    [['dlq', 'replay', '--id', '17'], /topic\/partition\/offset/],
    [['status', '--set', 'kafka.broker=x'], /kafka\.broker is not a setting.*kafka\.brokers/],
    [['status', '--set', 'kafka.brokers=nowhere'], /kafka\.brokers.*host:port/],
    [['status', '--set', 'kafka'], /--set takes PATH=VALUE/],
    [['status', '--profile', 'laptop'], /profile "laptop" does not exist.*local, compose/],
    [['status', '--config', '/no/such.yaml'], /cannot read \/no\/such\.yaml/],
    [['base', 'pull'], /missing required argument 'name'/],
  ] as [string[], RegExp][])('%j: status 2 and what to do', async (argv, sentence) => {
    const { status, stdout, stderr } = await within(...argv)
    expect(stderr).toMatch(sentence)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  })

  it('gives one JSON document on stdout with --json', async () => {
    const lines = [
      ['strem'],
      ['stream', '--stages', 'embed'],
      ['status', '--colour'],
      ['query', 'SELECT 1', '--raw'],
    ]
    for (const argv of lines) {
      const { status, stdout } = await within(...argv, '--json')
      expect(status).toBe(2)
      expect(JSON.parse(stdout)).toEqual({
        error: { code: 'usage', message: expect.stringMatching(/\S/) as string },
      })
    }
  })

  it('in the environment or a file is reported with its place', async () => {
    const wrong = await winnow(['status'], { env: { ...env, WINNOW_KAFKA_BROKER: 'x:1' } })
    expect(wrong.status).toBe(2)
    expect(wrong.stderr).toContain('WINNOW_KAFKA_BROKER is not a setting')
    expect(wrong.stderr).toContain('did you mean WINNOW_KAFKA_BROKERS?')
    const path = await file('wrong.yaml', 'gateway:\n  port: many\nstreem: {}\n')
    const { status, stderr } = await within('status', '--config', path)
    expect(status).toBe(2)
    expect(stderr).toContain(`gateway.port is "many" (set by ${path})`)
    expect(stderr).toMatch(/streem is not a setting.*did you mean stream\?/)
  })
})

describe('nothing listening', () => {
  it.concurrent.each([
    [['query', 'SELECT 1'], 'analytics_unavailable'],
    [['dlq', 'list'], 'analytics_unavailable'],
    [['dlq', 'replay'], 'broker_unavailable|analytics_unavailable'],
    [['produce', '--data', '-'], 'broker_unavailable'],
    [['migrate'], 'broker_unavailable|analytics_unavailable'],
    [['stream', '--stages', 'validate'], 'broker_unavailable|analytics_unavailable'],
    [['serve'], 'broker_unavailable|analytics_unavailable'],
  ])(
    '%j: status 1 within seconds, one document, and the way on',
    async (argv, code) => {
      const startMs = performance.now()
      const own = { ...env, WINNOW_GATEWAY_PORT: '0' }
      const done = await winnow([...argv, '--json'], { env: own, input: '{"text":"x"}\n' })
      expect(performance.now() - startMs).toBeLessThan(20_000)
      expect(done.status).toBe(1)
      expect(done.stdout.trim().split('\n')).toHaveLength(1)
      const document = JSON.parse(done.stdout) as { error: { code: string; message: string } }
      expect(document.error.code).toMatch(new RegExp(`^(?:${code})$`))
      expect(document.error.message).toContain('127.0.0.1:9')
      expect(done.stderr).toContain('`winnow up` starts the embedded stack')
      expect(done.stderr).not.toMatch(/\n\s+at /)
    },
    30_000,
  )

  it('is no failure for status and down', async () => {
    const status = await within('status', '--json')
    expect(status).toMatchObject({ status: 0 })
    expect(JSON.parse(status.stdout)).toEqual({ stack: [], consumers: [] })
    const plain = await within('status')
    expect(plain.stdout).toMatch(/no stack in this folder yet; `winnow up` starts one/)
    const down = await within('down', '--json')
    expect(JSON.parse(down.stdout)).toEqual({ stopped: [] })
  })
})

describe('models', () => {
  it.each([
    [['models', 'show', 'nobody']],
    [['models', 'verify', 'nobody@3']],
    [['models', 'show', 'no/body']],
    [['classify', '--model', 'nobody']],
    [['evaluate', '--model', 'nobody@champion', '--data', 'x.jsonl']],
  ])('%j: status 1 and model_not_found', async (argv) => {
    const { status, stdout, stderr } = await within(...argv, '--json')
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/\[model_not_found\]/) as string,
    })
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'model_not_found' } })
  })

  it('list is empty at first and says how to get one', async () => {
    expect((await within('models', 'list')).stdout).toContain('winnow train')
    expect((await within('models', 'list', '--json')).stdout).toBe('[]\n')
  })
})

describe('train, evaluate and classify', () => {
  const samples = Array.from({ length: 60 }, (_, number) => sampleText(number))
  const lines = (records: readonly object[]) =>
    `${records.map((r) => JSON.stringify(r)).join('\n')}\n`
  let trained: Record<string, unknown>

  beforeAll(async () => {
    const data = await file('train.jsonl', lines(samples))
    const done = await winnow(['train', '--data', data, '--name', 'cli', '--json'], { env })
    expect(done.stderr).not.toMatch(/Warning/)
    expect(done.status).toBe(0)
    trained = JSON.parse(done.stdout) as Record<string, unknown>
  })

  it('gives the document of the contract', () => {
    expect(trained).toMatchObject({
      model: 'cli@1',
      method: 'head',
      labels: ['parcel', 'praise', 'refund'],
      examples: 60,
      run: expect.stringMatching(/\S/) as string,
      seconds: expect.any(Number) as number,
      tokensPerSecond: expect.any(Number) as number,
      metrics: { accuracy: 1 },
      dataManifest: expect.anything() as unknown,
    })
    expect(existsSync(join(String(trained['modelDir']), 'report.html'))).toBe(true)
  })

  it.concurrent(
    'twice with one seed gives the same bytes, from a gzipped file and a cold cache, too',
    async () => {
      const data = await file('train.jsonl.gz', gzipSync(lines(samples)))
      const other = { ...env, ...(await storeOf('second')) }
      const again = await winnow(['train', '--data', data, '--name', 'cli', '--json'], {
        env: other,
      })
      expect(again.status).toBe(0)
      const manifests = await Promise.all(
        [env, other].map(async (one) => {
          const { stdout } = await winnow(['models', 'show', 'cli@1', '--json'], { env: one })
          return JSON.parse(stdout) as Record<string, unknown>
        }),
      )
      expect(manifests[0]!['graphSha256']).toMatch(/^[0-9a-f]{64}$/)
      expect(manifests[1]!['graphSha256']).toBe(manifests[0]!['graphSha256'])
    },
  )

  it.concurrent('evaluate measures what classify says', async () => {
    const test = [...samples.slice(0, 8), { text: 'please refund me', label: 'praise' }]
    const data = await file('test.jsonl', lines(test))
    const done = await winnow(['evaluate', '--model', 'cli', '--data', data, '--json'], { env })
    expect(done.status).toBe(0)
    const evaluation = JSON.parse(done.stdout) as Record<string, unknown>
    expect(evaluation).toMatchObject({
      model: 'cli@1',
      examples: 9,
      confusion: { labels: ['parcel', 'praise', 'refund'] },
      perClass: { parcel: { precision: 1, recall: 1 }, praise: { support: 3 } },
    })
    expect(evaluation['accuracy']).toBeCloseTo(8 / 9, 10)
    for (const name of ['macroF1', 'weightedF1', 'mcc', 'logLoss', 'brier', 'ece']) {
      expect(evaluation[name]).toEqual(expect.any(Number))
    }
    expect(evaluation['intervals']).toHaveProperty('accuracy')
    const plain = await winnow(['evaluate', '--model', 'cli@1', '--data', data], { env })
    expect(plain.stdout).toMatch(/accuracy/i)
    expect(plain.stdout).not.toContain('\u001b')
  })

  it.concurrent(
    'classify keeps the order, takes stdin, files and gzip alike, and writes its figures',
    async () => {
      const texts = [...samples.slice(0, 30), { text: 'a '.repeat(400) }, { text: '日本語 🙂' }]
      const input = lines(texts.map(({ text }, at) => ({ id: `t${at}`, text })))
      const stats = join(dir, 'stats.json')
      const whole = await winnow(['classify', '--model', 'cli', '--stats', stats], { env, input })
      expect(whole.status).toBe(0)
      const found = whole.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Line)
      expect(found.map((one) => one.id)).toEqual(texts.map((_, at) => `t${at}`))
      expect(found.slice(0, 30).map((one) => one.label)).toEqual(
        samples.slice(0, 30).map((one) => one.label),
      )
      expect(Object.keys(found[0]!.probabilities)).toHaveLength(3)
      const figures = JSON.parse(await readFile(stats, 'utf8')) as Record<string, number>
      expect(figures['texts']).toBe(32)
      expect(figures['tokens']).toBe(found.reduce((sum, one) => sum + one.tokens, 0))
      expect(figures['paddedTokens']).toBeGreaterThanOrEqual(figures['tokens']!)
      for (const name of [
        'seconds',
        'textsPerSecond',
        'tokensPerSecond',
        'loadSeconds',
        'peakRssBytes',
      ]) {
        expect(figures[name], name).toBeGreaterThan(0)
      }
      const path = await file('texts.jsonl.gz', gzipSync(input))
      const small = ['--data', path, '--batch-tokens', '64', '--set', 'inference.workers=1']
      const again = await winnow(['classify', '--model', 'cli@1', ...small], { env })
      expect(again.stdout).toBe(whole.stdout)
      const plain = await winnow(['classify', '--model', 'cli'], {
        env,
        input: 'my money back\n\nhi\n',
      })
      const plainLines = plain.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Line)
      expect(plainLines.map((one) => [one.id, one.label])).toEqual([
        ['1', 'refund'],
        ['3', expect.any(String)],
      ])
    },
  )

  type Line = {
    id: string
    label: string
    tokens: number
    probabilities: Record<string, number>
  }

  it('data that cannot be used is reported with file and line', async () => {
    const cases = [
      ['empty.jsonl', '', /empty\.jsonl has no examples/],
      ['one.jsonl', lines([sampleText(0), sampleText(3)]), /one\.jsonl.*label/],
      [
        'broken.jsonl',
        `${lines(samples.slice(0, 2))}{"text": "x", "lab\n`,
        /broken\.jsonl:3: .*JSON/,
      ],
      ['nolabel.jsonl', lines([sampleText(0), { text: 'x' }]), /nolabel\.jsonl:2: .*label/],
      ['broken.jsonl.gz', gzipSync(lines(samples)).subarray(0, 60), /broken\.jsonl\.gz/],
    ] as const
    for (const [name, content, sentence] of cases) {
      const data = await file(name, content)
      const done = await within('train', '--data', data, '--name', 'never')
      expect(done.stderr).toMatch(sentence)
      expect(done.stderr).toContain('[dataset_invalid]')
      expect(done.status).toBe(1)
    }
    const missing = await within('train', '--data', join(dir, 'missing.jsonl'), '--name', 'never')
    expect(missing).toMatchObject({ status: 1, stderr: expect.stringContaining('missing.jsonl') as string }) // prettier-ignore
    const unseen = await file('unseen.jsonl', lines([{ text: 'x', label: 'never seen' }]))
    const done = await winnow(['evaluate', '--model', 'cli', '--data', unseen], { env })
    expect(done).toMatchObject({ status: 1, stderr: expect.stringContaining('never seen') as string }) // prettier-ignore
  })

  it.concurrent('a broken version is reported, and never used', async () => {
    const { stdout } = await winnow(['models', 'show', 'cli@1', '--json'], { env })
    const graph = join((JSON.parse(stdout) as { dir: string }).dir, 'model.onnx')
    const bytes = await readFile(graph)
    const other = { ...env, ...(await storeOf('damaged')) }
    const versions = join(other['WINNOW_MODEL_STORE']!, 'versions', 'cli', '1')
    await mkdir(versions, { recursive: true })
    for (const name of ['manifest.json', 'tokenizer.json', 'report.html']) {
      await writeFile(join(versions, name), await readFile(join(graph, '..', name)))
    }
    bytes[bytes.length - 1]! ^= 1
    await writeFile(join(versions, 'model.onnx'), bytes)
    for (const argv of [
      ['models', 'verify', 'cli@1'],
      ['classify', '--model', 'cli'],
    ]) {
      const done = await winnow(argv, { env: other, input: 'x\n' })
      expect(done.status).toBe(1)
      expect(done.stderr).toContain('[model_corrupt]')
    }
  })
})
