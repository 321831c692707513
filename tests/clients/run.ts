// Asks the gateway with the clients that other people wrote: tritonclient, OpenAI's, huggingface_hub.
// MLServer serves the same ONNX file beside it and gets the same requests. The models are trained,
// and what POST /v1/classify answers is what the clients must read.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { cacheDir } from '../../configs/paths.ts'
import { openVersion } from '../../models/store/version-store.ts'
import { Checklist } from '../image/harness/checklist.ts'
import { openVenv, type PythonVenv } from '../support/python-venv.ts'
import { sampleText, trainTestModel } from '../support/workspace.ts'
import { startGateway } from './gateway.ts'
import { startMlServer } from './mlserver.ts'

const help = `Usage: npm run test:clients -- [--keep]

Trains two small models, serves them with the gateway, and asks it with tritonclient, OpenAI's client and
huggingface_hub. Then MLServer serves one of the models too, and both get the same requests. The clients are
installed from PyPI into virtual environments of Winnow's cache. Without Python, nothing is tested.

  --keep  keep the folder with the models and the log of MLServer; the last line names it

Example:
  npm run test:clients
`

const clientPackages = ['tritonclient[http]>=2.60,<3', 'openai>=2,<4', 'huggingface_hub>=1,<3']
const mlserverPackages = ['mlserver>=1.7,<2', 'onnxruntime>=1.22,<2', 'tokenizers>=0.21,<1']

/** Some that the models were trained on the like of, and some that are hard to carry. */
const texts = [
  ...[100, 101, 102].map((number) => sampleText(number).text),
  'Où est mon café ? 😀',
  'a "quoted" \\ text',
  'refund '.repeat(200).trim(),
]

type Ground = {
  readonly dir: string
  readonly storeDir: string
  readonly url: string
  readonly bin: string
  readonly list: Checklist
}

async function main(): Promise<void> {
  const options = { keep: { type: 'boolean' }, help: { type: 'boolean' } } as const
  const { values } = parseArgs({ options })
  if (values.help === true) {
    process.stdout.write(help)
    return
  }
  const clients = openVenv(join(cacheDir(), 'test-clients', 'clients'), clientPackages)
  if ('missing' in clients) {
    process.stdout.write(`test:clients: skipped, because ${clients.missing}\n`)
    return
  }
  const mlserver = openVenv(join(cacheDir(), 'test-clients', 'mlserver'), mlserverPackages)
  const stopped = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stopped.abort(new Error(`stopped by ${name}`)))
  }
  const list = new Checklist({
    write: (line) => process.stdout.write(`${line}\n`),
    signal: stopped.signal,
  })
  const dir = await mkdtemp(join(tmpdir(), 'winnow-clients-'))
  const storeDir = join(dir, 'store')
  try {
    await trainTestModel(storeDir)
    await trainTestModel(storeDir, { name: 'other', relabel: (label) => label.toUpperCase() })
    const gateway = await startGateway({ storeDir, serving: 'test@1' })
    const ground = { dir, storeDir, url: gateway.url, bin: clients.bin, list }
    try {
      await checkTriton(ground)
      await checkOpenai(ground)
      await checkHuggingFace(ground)
      await checkMlServer(ground, mlserver)
    } finally {
      await gateway.close()
    }
    await checkWithoutModel(ground)
    await checkKeys(ground)
  } finally {
    if (values.keep !== true) await rm(dir, { recursive: true, force: true })
  }
  process.stdout.write(`${list.summary()}${values.keep === true ? `; ${dir}` : ''}\n`)
  if (list.failed > 0) process.exitCode = 1
}

type Rows = {
  readonly id: string | null
  readonly model: string
  readonly version: string
  readonly label: readonly string[]
  readonly score: readonly number[] | null
  readonly probabilities: readonly number[]
  readonly logits: readonly number[] | null
}
type Refusal = { readonly status: string; readonly message: string }
type TritonFound = {
  readonly live: boolean
  readonly ready: boolean
  readonly modelReady: boolean
  readonly unknownReady: boolean
  readonly metadata: {
    readonly name: string
    readonly versions: readonly string[]
    readonly inputs: readonly object[]
    readonly properties?: { readonly labels: string }
  }
  readonly json: Rows
  readonly unknown: Refusal
}
type BinaryFound = TritonFound & {
  readonly [
    form in 'binary' | 'mixed' | 'column' | 'version' | 'default' | 'gzip' | 'deflate'
  ]: Rows
} & {
  readonly server: { readonly extensions: readonly string[] }
  readonly async: readonly Rows[]
  readonly classes: readonly string[]
  readonly datatype: Refusal
  readonly output: Refusal
}

async function checkTriton(ground: Ground): Promise<void> {
  const { list, url } = ground
  const expected = await classified(url, { texts })
  const ask = (model: string): Promise<BinaryFound> =>
    python(ground, 'triton.py', url.replace('http://', ''), model, 'all', JSON.stringify(texts))
  let found: BinaryFound | undefined
  await list.check('tritonclient: health, metadata and extensions', async () => {
    found = await ask('test')
    const { live, ready, modelReady, unknownReady, metadata, server } = found
    assert.deepEqual([live, ready, modelReady, unknownReady], [true, true, true, false])
    assert.deepEqual(metadata.inputs, [{ name: 'text', datatype: 'BYTES', shape: [-1] }])
    assert.deepEqual(metadata.versions, ['1'])
    assert.deepEqual(server.extensions, ['binary_tensor_data', 'classification'])
  })
  if (found === undefined) return
  const { classes, datatype, output, unknown } = found
  for (const form of ['json', 'binary', 'mixed', 'column', 'version', 'gzip', 'deflate'] as const) {
    await list.check(`tritonclient: ${form} gives what /v1/classify gives`, () => {
      const rows = found![form]
      assert.deepEqual([rows.id, rows.model, rows.version], ['42', 'test', '1'])
      requireSame(rows, expected)
    })
  }
  await list.check('tritonclient: all outputs in binary, and eight requests at once', () => {
    requireSame(found!.default, expected)
    for (const [number, rows] of found!.async.entries()) {
      assert.equal(rows.id, String(number))
      requireSame(rows, expected)
    }
  })
  await list.check('tritonclient: the two highest classes', () => {
    const [value, index, label] = classes[0]!.split(':')
    const labels = JSON.parse(found!.metadata.properties!.labels) as string[]
    assert.equal(classes.length, 2 * texts.length)
    assert.equal(label, expected[0]!.label)
    assert.equal(labels[Number(index)], label)
    assert.ok(Math.abs(Number(value) - expected[0]!.score) < 1e-5)
  })
  await list.check('tritonclient: refusals with their status and message', () => {
    assert.equal(unknown.status, '404')
    assert.match(unknown.message, /There is no model nothing-of-this-name/)
    assert.equal(datatype.status, '400')
    assert.match(datatype.message, /takes BYTES/)
    assert.match(output.message, /has no output nothing; it has label, score/)
  })
  await list.check('tritonclient: a version of the store that does not serve', async () => {
    const other = await ask('other')
    const named = await classified(url, { texts, model: 'other' })
    requireSame(other.binary, named)
    assert.ok(other.binary.label.every((label) => label === label.toUpperCase()))
  })
}

async function checkOpenai(ground: Ground): Promise<void> {
  type Embedded = { model: string; tokens: number; embeddings: number[][] }
  type Refused = { kind: string; code: string; param: string | null }
  type Found = Record<'base64' | 'float' | 'single', Embedded> &
    Record<'unknown' | 'dimensions' | 'tokens', Refused>
  const { list, url } = ground
  const given = [...texts, ...texts.slice(0, 1)]
  let found: Found | undefined
  await list.check('openai: embeddings of length 1, equal as numbers and as base64', async () => {
    found = await python<Found>(ground, 'openai_embeddings.py', url, 'test', JSON.stringify(given))
    const { base64, float, single } = found
    assert.deepEqual([base64.model, base64.embeddings.length], ['test@1', given.length])
    for (const [index, embedding] of base64.embeddings.entries()) {
      assert.ok(Math.abs(Math.sqrt(cosine(embedding, embedding)) - 1) < 1e-5)
      // The client reads base64 as float32.
      assert.deepEqual(embedding, float.embeddings[index])
    }
    assert.deepEqual(single.embeddings[0], base64.embeddings[0])
    assert.deepEqual(base64.embeddings.at(-1), base64.embeddings[0])
    assert.ok(base64.tokens > given.length)
    return `${base64.embeddings[0]!.length} dimensions`
  })
  await list.check('openai: texts of one label are closer than texts of two', async () => {
    const kinds = [0, 3, 1].map((number) => sampleText(number).text)
    const asked = JSON.stringify(kinds)
    const { float } = await python<Found>(ground, 'openai_embeddings.py', url, 'test', asked)
    const [a, b, c] = float.embeddings as [number[], number[], number[]]
    assert.ok(cosine(a, b) > cosine(a, c))
    return `${cosine(a, b).toFixed(3)} against ${cosine(a, c).toFixed(3)}`
  })
  await list.check('openai: errors that the client understands', () => {
    assert.deepEqual(found?.unknown, {
      kind: 'NotFoundError',
      code: 'model_not_found',
      param: null,
    })
    assert.deepEqual(found.dimensions, {
      kind: 'BadRequestError',
      code: 'body_invalid',
      param: 'dimensions',
    })
    assert.equal(found.tokens.kind, 'BadRequestError')
  })
}

async function checkHuggingFace(ground: Ground): Promise<void> {
  type Found = {
    found: { label: string; score: number }[]
    refused: { status: number; body: { error: string; error_type: string } }
  }
  const { list, url } = ground
  await list.check('huggingface_hub: /predict gives the label of /v1/classify', async () => {
    const expected = await classified(url, { texts })
    const { found, refused } = await python<Found>(
      ground,
      ...(['huggingface.py', url, JSON.stringify(texts)] as const),
    )
    const labels = ({ label, score }: { label: string; score: number }) => ({ label, score })
    assert.deepEqual(found.map(labels), expected.map(labels))
    assert.deepEqual([refused.status, refused.body.error_type], [422, 'tokenizer'])
  })
}

async function checkMlServer(ground: Ground, venv: PythonVenv): Promise<void> {
  const { list, url, storeDir, dir } = ground
  if ('missing' in venv) {
    process.stdout.write(`skipped MLServer, because ${venv.missing}\n`)
    return
  }
  const { dir: versionDir } = await openVersion({ ref: 'test@1', storeDir })
  const server = await startMlServer({ bin: venv.bin, dir, name: 'test', versionDir })
  try {
    await list.check('MLServer: the same JSON request gives the same tensors', async () => {
      const data = texts
      const request = {
        id: '7',
        inputs: [{ name: 'text', shape: [data.length], datatype: 'BYTES', data }],
        outputs: [{ name: 'label' }, { name: 'probabilities' }],
      }
      const [own, other] = [await inferred(url, request), await inferred(server.url, request)]
      assert.deepEqual([own.model_name, own.id], [other.model_name, other.id])
      assert.deepEqual(tensor(own, 'label').data, tensor(other, 'label').data)
      const [a, b] = [tensor(own, 'probabilities'), tensor(other, 'probabilities')]
      assert.deepEqual([a.shape, a.datatype], [b.shape, b.datatype])
      return `largest difference ${largestDifference(a.data, b.data).toExponential(1)}`
    })
    await list.check('MLServer: tritonclient reads the same from both', async () => {
      const ask = (at: string): Promise<TritonFound> =>
        python(
          ground,
          'triton.py',
          at.replace('http://', ''),
          'test',
          'json',
          JSON.stringify(texts),
        )
      const [own, other] = [await ask(url), await ask(server.url)]
      for (const fact of ['live', 'ready', 'modelReady', 'unknownReady'] as const) {
        assert.deepEqual([fact, own[fact]], [fact, other[fact]])
      }
      assert.deepEqual(own.json.label, other.json.label)
      largestDifference(own.json.probabilities, other.json.probabilities)
      assert.equal(own.unknown.status, other.unknown.status)
      const named = (found: TritonFound) =>
        (found.metadata.inputs as { name: string; datatype: string; shape: number[] }[]).map(
          ({ name, datatype, shape }) => ({ name, datatype, shape }),
        )
      assert.deepEqual(named(own), named(other))
    })
    await list.check('MLServer: a malformed request has a status of 4xx and an error', async () => {
      for (const at of [url, server.url]) {
        const response = await post(`${at}/v2/models/nothing/infer`, { inputs: [] })
        assert.ok(response.status >= 400 && response.status < 500)
        assert.equal(typeof ((await response.json()) as { error: unknown }).error, 'string')
      }
    })
  } finally {
    await server.stop()
  }
}

async function checkWithoutModel({ list, storeDir }: Ground): Promise<void> {
  await list.check('a gateway without a model of its own answers for named versions', async () => {
    const gateway = await startGateway({ storeDir, serving: undefined })
    try {
      const named = await classified(gateway.url, { texts, model: 'test@1' })
      assert.equal(named.length, texts.length)
      const unnamed = await post(`${gateway.url}/v1/classify`, { texts })
      assert.equal(unnamed.status, 503)
      assert.equal((await post(`${gateway.url}/predict`, { inputs: 'a' })).status, 503)
    } finally {
      await gateway.close()
    }
  })
}

async function checkKeys(ground: Ground): Promise<void> {
  const { list, storeDir } = ground
  const key = 'reader-key-0123456789'
  const gateway = await startGateway({ storeDir, serving: 'test@1', key })
  const given = JSON.stringify(texts)
  const openai = (own: string): Promise<object> =>
    python(ground, 'openai_embeddings.py', gateway.url, 'test', given, own)
  const triton = (...own: string[]): Promise<TritonFound> => {
    const address = gateway.url.replace('http://', '')
    return python(ground, 'triton.py', address, 'test', 'all', given, ...own)
  }
  try {
    await list.check('a gateway with keys serves clients that send one, as they do', async () => {
      await openai(key)
      assert.equal((await triton(key)).json.label.length, texts.length)
    })
    await list.check('a gateway with keys refuses others, in their own form', async () => {
      await assert.rejects(openai('another-key-0123456789'), /AuthenticationError.*401/s)
      await assert.rejects(triton(), /InferenceServerException.*\[401\] Send the API key/s)
    })
  } finally {
    await gateway.close()
  }
}

type Classified = { readonly label: string; readonly score: number; readonly probabilities: object }

async function classified(
  url: string,
  request: { readonly texts: readonly string[]; readonly model?: string },
): Promise<Classified[]> {
  const response = await post(`${url}/v1/classify`, request)
  assert.equal(response.status, 200)
  return ((await response.json()) as { results: Classified[] }).results
}

type Inferred = {
  readonly model_name: string
  readonly id: string
  readonly outputs: readonly { name: string; shape: number[]; datatype: string; data: never[] }[]
}

async function inferred(url: string, request: object): Promise<Inferred> {
  const response = await post(`${url}/v2/models/test/infer`, request)
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return JSON.parse(text) as Inferred
}

function tensor({ outputs }: Inferred, name: string): Inferred['outputs'][number] {
  const found = outputs.find((output) => output.name === name)
  assert.ok(found !== undefined, `there is no output ${name}`)
  return found
}

function post(url: string, body: object): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** Requires that a client read the labels and scores that /v1/classify gives. */
function requireSame({ label, score }: Rows, expected: readonly Classified[]): void {
  assert.deepEqual(
    label,
    expected.map((one) => one.label),
  )
  assert.deepEqual(
    score?.map(Math.fround),
    expected.map((one) => Math.fround(one.score)),
  )
}

/** The largest difference of two rows of numbers. Fails above 1e-5. */
function largestDifference(a: readonly number[], b: readonly number[]): number {
  assert.equal(a.length, b.length)
  const largest = a.reduce((most, one, at) => Math.max(most, Math.abs(one - b[at]!)), 0)
  assert.ok(largest < 1e-5, `the largest difference is ${largest}`)
  return largest
}

function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, one, at) => sum + one * b[at]!, 0)
}

/** Runs a program of this folder, and gives the document that it prints. */
async function python<Found>(
  { bin }: Pick<Ground, 'bin'>,
  file: string,
  ...args: readonly string[]
): Promise<Found> {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const child = spawn(join(bin, 'python'), [path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text))
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  assert.equal(status, 0, output.stderr)
  return JSON.parse(output.stdout) as Found
}

await main()
