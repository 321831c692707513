// Runs train, cv and tune against a real MLflow 3 server and checks through its REST API what it
// has: runs, nested folds and trials, curves, artifacts, aliases; and that a server that is killed
// during a run costs nothing but a sync.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cacheDir } from '../../configs/paths.ts'
import { configSchema } from '../../configs/schema.ts'
import { choosePort } from '../../infra/local/services/free-ports.ts'
import { openVersion } from '../../models/store/version-store.ts'
import { trackModels } from '../../serving/model-tracking.ts'
import { promoteModel, rollBackModel, sideModel } from '../../serving/promoting.ts'
import { publishModel } from '../../serving/publishing.ts'
import { Checklist } from '../image/harness/checklist.ts'
import { winnow, type Environment } from '../support/cli.ts'
import { registryInMemory } from '../support/registry-in-memory.ts'
import { letterText, writeTinyBase } from '../support/tiny-base.ts'
import { until } from '../support/until.ts'
import { installMlflow, startMlflow, type MlflowServer } from './server.ts'

const help = `Usage: npm run test:mlflow -- [--venv DIR] [--keep]

Starts an MLflow 3 server, runs train, cv and tune with it, publishes and promotes versions, kills the
server during a run and syncs later; each time, it checks through MLflow's REST API what arrived. MLflow is
installed from PyPI into a virtual environment of Winnow's cache. Without Python, nothing is tested.

  --venv DIR  use the virtual environment of this folder
  --keep      keep the folder with the server's database and the runs; the last line names it

Example:
  npm run test:mlflow
`

type Ground = {
  readonly dir: string
  readonly env: Environment
  readonly url: string
  readonly list: Checklist
}

async function main(): Promise<void> {
  const options = { venv: { type: 'string' }, keep: { type: 'boolean' } } as const
  const { values } = parseArgs({ options: { ...options, help: { type: 'boolean' } } })
  if (values.help === true) {
    process.stdout.write(help)
    return
  }
  const installed = installMlflow(values.venv ?? join(cacheDir(), 'test-mlflow', 'venv'))
  if ('missing' in installed) {
    process.stdout.write(`test:mlflow: skipped, because ${installed.missing}\n`)
    return
  }
  const dir = await mkdtemp(join(tmpdir(), 'winnow-mlflow-'))
  const stopped = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stopped.abort(new Error(`stopped by ${name}`)))
  }
  const list = new Checklist({
    write: (line) => process.stdout.write(`${line}\n`),
    signal: stopped.signal,
  })
  const port = await choosePort([])
  const start = (): Promise<MlflowServer> => startMlflow({ ...installed, dir, port })
  let server = await start()
  try {
    const env = {
      WINNOW_MODEL_STORE: join(dir, 'store'),
      WINNOW_STATE: join(dir, 'state'),
      WINNOW_KAFKA_BROKERS: '127.0.0.1:9',
      WINNOW_TRACKING_MLFLOW_URL: server.url,
      // So that a busy machine does not leave anything to a later sync.
      WINNOW_TRACKING_MLFLOW_REQUEST_MS_MAX: '60000',
      WINNOW_TRACKING_MLFLOW_END_MS_MAX: '60000',
    }
    const ground: Ground = { dir, env, url: server.url, list }
    await prepare(ground)
    await checkTrain(ground)
    await checkCv(ground)
    await checkTune(ground)
    await checkModels(ground)
    server = await checkKilledServer(ground, { server, start })
  } finally {
    await server.kill()
    if (values.keep !== true) await rm(dir, { recursive: true, force: true })
  }
  process.stdout.write(`${list.summary()}${values.keep === true ? `; ${dir}` : ''}\n`)
  if (list.failed > 0) process.exitCode = 1
}

async function prepare({ dir, env }: Ground): Promise<void> {
  await writeTinyBase(join(dir, 'base'))
  const pulled = await winnow(['base', 'pull', 'tiny', '--from', join(dir, 'base')], { env })
  assert.equal(pulled.status, 0, pulled.stderr)
  const texts = Array.from({ length: 90 }, (_, number) => JSON.stringify(letterText(number)))
  await writeFile(join(dir, 'texts.jsonl'), texts.join('\n'))
}

async function checkTrain(ground: Ground): Promise<void> {
  const { list } = ground
  const train = ['train', '--name', 'mail', '--method', 'partial', '--layers', '1', '--epochs', '3']
  const { run } = await command(ground, ...train)
  await list.check('train: a finished run with parameters, tags and data sets', async () => {
    const found = await theRun(ground, run)
    assert.equal(found.status, 'FINISHED')
    assert.equal(found.params['epochs'], '3')
    assert.equal(found.tags['winnow.model'], 'mail@1')
    assert.ok(found.tags['winnow.env.winnow'])
    assert.deepEqual(found.datasets, ['texts.jsonl#train', 'texts.jsonl#validation'])
  })
  await list.check('train: curves by epoch and by step', async () => {
    assert.deepEqual(await stepsOf(ground, run, 'epoch/macroF1'), [1, 2, 3])
    assert.ok((await stepsOf(ground, run, 'step/loss')).length >= 3)
  })
  await list.check('train: artifacts, with the bytes of the report', async () => {
    const found = await theRun(ground, run)
    const paths = await artifactsOf(ground, found.runId)
    for (const path of ['report.html', 'run.json', 'data-manifest.json', 'plots', 'model']) {
      assert.ok(paths.includes(path), `${path} is missing: ${paths.join(' ')}`)
    }
    const get = `${ground.url}/get-artifact?path=report.html&run_uuid=${found.runId}`
    const report = await (await fetch(get)).text()
    const own = join(ground.dir, 'store', 'versions', 'mail', '1', 'report.html')
    assert.equal(report, await readFile(own, 'utf8'))
  })
}

async function checkCv(ground: Ground): Promise<void> {
  const { list, dir } = ground
  const predictions = join(dir, 'predictions.jsonl')
  const { run } = await command(ground, 'cv', '--folds', '3', '--predictions', predictions)
  await list.check('cv: a nested run per fold, and the folds as steps', async () => {
    const parent = await theRun(ground, run)
    const children = await runsWith(ground, 'mlflow.parentRunId', parent.runId)
    assert.deepEqual(children.map(({ name }) => name).sort(), ['fold 1', 'fold 2', 'fold 3'])
    assert.ok(children.every(({ status }) => status === 'FINISHED'))
    assert.deepEqual(await stepsOf(ground, run, 'fold/accuracy'), [1, 2, 3])
    assert.ok('accuracy.low' in parent.metrics)
    const files = await artifactsOf(ground, parent.runId, 'predictions')
    assert.deepEqual(files, ['predictions/predictions.jsonl'])
  })
}

async function checkTune(ground: Ground): Promise<void> {
  const tune = ['tune', '--name', 'tuned', '--method', 'partial', '--trials', '3']
  const { run, trainingRun } = await command(ground, ...tune)
  await ground.list.check('tune: a nested run per trial, its curve, and the winner', async () => {
    const parent = await theRun(ground, run)
    const children = await runsWith(ground, 'mlflow.parentRunId', parent.runId)
    assert.deepEqual(children.map(({ name }) => name).sort(), ['trial 0', 'trial 1', 'trial 2'])
    const best = children.filter(({ tags }) => tags['winnow.best'] === 'true')
    assert.equal(best.length, 1)
    assert.ok(children.every(({ metrics }) => 'epoch/macroF1' in metrics))
    assert.deepEqual(await stepsOf(ground, run, 'best/macroF1'), [0, 1, 2])
    const winner = await theRun(ground, trainingRun!)
    assert.equal(winner.tags['winnow.tune'], run)
  })
}

async function checkModels(ground: Ground): Promise<void> {
  const { list, dir, url, env } = ground
  await command(ground, 'train', '--name', 'mail')
  const storeDir = join(dir, 'store')
  const mlflow = { url, endMsMax: 60_000, requestMsMax: 60_000 }
  const config = configSchema.parse({ tracking: { mlflow } })
  const lines: string[] = []
  const release = async (change: (registry: ReturnType<typeof open>) => Promise<unknown>) => {
    const tracking = trackModels({
      config: config.tracking.mlflow,
      storeDir,
      log: (line) => lines.push(line),
    })
    await change({ ...registry, track: tracking.changed })
    await tracking.close()
  }
  const open = () =>
    registryInMemory(storeDir, {
      store: 'local',
      publish: { accuracyMin: 0, macroF1Min: 0, comparison: 'when-possible' },
    })
  const registry = open()
  const by = 'test:mlflow'
  const version = (ref: string) => openVersion({ ref, storeDir })
  await list.check('models: aliases follow publish, promote, challenge and rollback', async () => {
    await release(async (one) => publishModel(one, { version: await version('mail@1'), by }))
    assert.deepEqual(await aliasesOf(ground), { champion: '1' })
    await release(async (one) => publishModel(one, { version: await version('mail@2'), by }))
    const request = { ref: 'mail@2', by, reason: '' }
    await release((one) => sideModel(one, { ...request, role: 'challenger', percent: 10 }))
    assert.deepEqual(await aliasesOf(ground), { challenger: '2', champion: '1' })
    await release((one) => promoteModel(one, request))
    assert.deepEqual(await aliasesOf(ground), { champion: '2' })
    await release((one) => rollBackModel(one, { name: 'mail', by, reason: '' }))
    assert.deepEqual(await aliasesOf(ground), { champion: '1' })
    assert.deepEqual(lines, [])
  })
  await list.check('models: a change that was missed is repaired by runs sync', async () => {
    await promoteModel(registry, { ref: 'mail@2', by, reason: '' })
    assert.deepEqual(await aliasesOf(ground), { champion: '1' })
    const synced = await winnow(['runs', 'sync', '--json'], { env })
    assert.equal(synced.status, 0, synced.stderr)
    assert.deepEqual((JSON.parse(synced.stdout) as { models: string[] }).models, ['mail'])
    assert.deepEqual(await aliasesOf(ground), { champion: '2' })
  })
}

async function checkKilledServer(
  ground: Ground,
  { server, start }: { server: MlflowServer; start: () => Promise<MlflowServer> },
): Promise<MlflowServer> {
  const { list, env, dir } = ground
  const epochs = 60
  const training = ['train', '--name', 'long', '--method', 'partial', '--epochs', String(epochs)]
  const args = [...training, ...dataOf(ground), '--json']
  const child = spawn(process.execPath, ['cli.ts', ...args], {
    env: { ...process.env, ...env, WINNOW_TRACKING_MLFLOW_END_MS_MAX: '2000' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text))
  }
  const ended = once(child, 'close') as Promise<[number]>
  await until('the first epoch', async () => {
    const [found] = await runsWith(ground, 'winnow.kind', 'train', 'long')
    return found !== undefined && 'epoch/macroF1' in found.metrics
  })
  await server.kill()
  await list.check('a killed server does not fail the training', async () => {
    const [status] = await ended
    assert.equal(status, 0, output.stderr)
    assert.match(output.stderr, /`winnow runs sync` sends the rest/)
  })
  const { run } = JSON.parse(output.stdout) as { run: string }
  const again = await start()
  await list.check('runs sync sends the rest, and nothing twice', async () => {
    const synced = await winnow(['runs', 'sync', '--json'], { env })
    assert.equal(synced.status, 0, synced.stderr)
    assert.equal((await theRun(ground, run)).status, 'FINISHED')
    const record = await readFile(join(dir, 'store', 'runs', run, 'run.json'), 'utf8')
    const made = (JSON.parse(record) as { details: { epochs: unknown[] } }).details.epochs.length
    const steps = Array.from({ length: made }, (_, at) => at + 1)
    assert.deepEqual(await stepsOf(ground, run, 'epoch/macroF1'), steps)
    const batches = await stepsOf(ground, run, 'step/loss')
    assert.equal(new Set(batches).size, batches.length)
    const next = await winnow(['runs', 'sync', '--json'], { env })
    assert.deepEqual((JSON.parse(next.stdout) as { sent: string[] }).sent, [])
  })
  return again
}

function dataOf({ dir }: Ground): string[] {
  return ['--data', join(dir, 'texts.jsonl'), '--base', 'tiny', '--near-duplicates', 'off']
}

/** Runs a command on the texts, and gives its document. */
async function command(
  ground: Ground,
  ...args: string[]
): Promise<{ run: string; trainingRun?: string }> {
  const done = await winnow([...args, ...dataOf(ground), '--json'], { env: ground.env })
  assert.equal(done.status, 0, done.stderr)
  return JSON.parse(done.stdout) as { run: string; trainingRun?: string }
}

/** A run as the server has it. */
type Found = {
  readonly runId: string
  readonly name: string
  readonly status: string
  readonly params: Record<string, string>
  readonly tags: Record<string, string>
  readonly metrics: Record<string, number>
  readonly datasets: readonly string[]
}

type Pairs<Value> = readonly { readonly key: string; readonly value: Value }[]
type Answered = {
  readonly info: { readonly run_id: string; readonly run_name: string; readonly status: string }
  readonly data: { params?: Pairs<string>; tags?: Pairs<string>; metrics?: Pairs<number> }
  readonly inputs?: { readonly dataset_inputs?: readonly { dataset: { name: string } }[] }
}

async function call<Answer>(ground: Ground, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${ground.url}/api/2.0/mlflow/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await response.text()
  assert.equal(response.status, 200, `${path}: ${text}`)
  return JSON.parse(text) as Answer
}

async function runsWith(
  ground: Ground,
  tag: string,
  value: string,
  experiment?: string,
): Promise<Found[]> {
  type Experiments = { experiments?: readonly { experiment_id: string; name: string }[] }
  const all = await call<Experiments>(ground, 'experiments/search', { max_results: 100 })
  const chosen = (all.experiments ?? []).filter(
    ({ name }) => experiment === undefined || name === experiment,
  )
  if (chosen.length === 0) return []
  const { runs = [] } = await call<{ runs?: readonly Answered[] }>(ground, 'runs/search', {
    experiment_ids: chosen.map((one) => one.experiment_id),
    filter: `tags.\`${tag}\` = '${value}'`,
  })
  const record = <Value>(pairs: Pairs<Value> = []): Record<string, Value> =>
    Object.fromEntries(pairs.map(({ key, value: own }) => [key, own]))
  return runs.map(({ info, data, inputs }) => ({
    runId: info.run_id,
    name: info.run_name,
    status: info.status,
    params: record(data.params),
    tags: record(data.tags),
    metrics: record(data.metrics),
    datasets: (inputs?.dataset_inputs ?? []).map(({ dataset }) => dataset.name).sort(),
  }))
}

async function theRun(ground: Ground, run: string): Promise<Found> {
  const found = await runsWith(ground, 'winnow.run', run)
  assert.equal(found.length, 1, `${found.length} runs are ${run}`)
  return found[0]!
}

/** The steps of a metric's history, in order, repetitions included. */
async function stepsOf(ground: Ground, run: string, metric: string): Promise<number[]> {
  const { runId } = await theRun(ground, run)
  const query = new URLSearchParams({ run_id: runId, metric_key: metric, max_results: '10000' })
  type History = { metrics?: readonly { step?: number }[] }
  const path = `metrics/get-history?${query.toString()}`
  const { metrics = [] } = await call<History>(ground, path)
  return metrics.map(({ step = 0 }) => step).sort((a, b) => a - b)
}

async function artifactsOf(ground: Ground, runId: string, path = ''): Promise<string[]> {
  const query = new URLSearchParams({ run_id: runId, ...(path === '' ? {} : { path }) })
  type Files = { files?: readonly { path: string }[] }
  const { files = [] } = await call<Files>(ground, `artifacts/list?${query.toString()}`)
  return files.map((file) => file.path)
}

/** The Winnow versions that the aliases of the model point to. */
async function aliasesOf(ground: Ground): Promise<Record<string, string>> {
  type Model = {
    registered_model: { aliases?: readonly { alias: string; version: string }[] }
  }
  const model = await call<Model>(ground, 'registered-models/get?name=mail')
  type Versions = { model_versions?: readonly { version: string; tags?: Pairs<string> }[] }
  const filter = new URLSearchParams({ filter: "name='mail'" }).toString()
  const found = await call<Versions>(ground, `model-versions/search?${filter}`)
  const ownOf = new Map(
    (found.model_versions ?? []).map(({ version, tags = [] }) => [
      version,
      tags.find(({ key }) => key === 'winnow.version')?.value ?? '',
    ]),
  )
  const { aliases = [] } = model.registered_model
  const named = aliases.map(({ alias, version }) => [alias, ownOf.get(version) ?? ''])
  return Object.fromEntries(named.sort()) as Record<string, string>
}

await main()
