// The local model store on the real broker and engine, without an artifact store: the roles of
// versions in the list, what may be removed, what a rollback does after that, and a row for every
// training run.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { versionNumbers } from '../../models/store/version-files.ts'
import { winnow } from '../support/cli.ts'
import { smallBase } from '../support/small-base.ts'
import { withinProcess } from '../support/within-process.ts'
import { openWorkspace, sampleText, trainTestModel, type Workspace } from '../support/workspace.ts'

let space: Workspace

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
  await smallBase(space.storeDir)
  const texts = Array.from({ length: 45 }, (_, number) => JSON.stringify(sampleText(number)))
  await writeFile(join(space.dir, 'train.jsonl'), texts.join('\n'))
  const wrong = Array.from({ length: 15 }, (_, number) => {
    const { label } = sampleText(number + 1)
    return JSON.stringify({ text: sampleText(number + 900).text, label })
  })
  await writeFile(join(space.dir, 'wrong.jsonl'), wrong.join('\n'))
  for (let version = 1; version <= 5; version++)
    await trainTestModel(space.storeDir, { name: 'kept' })
})

afterAll(() => space.close())

async function run(...argv: string[]) {
  const { status, stdout, stderr } = await withinProcess([...argv, '--json'], { env: space.env })
  return { status, stderr, json: (stdout === '' ? {} : JSON.parse(stdout)) as never }
}

type Listed = {
  name: string
  version: string
  roles: { kind: string; percent?: number }[]
  bytes: number
  accuracy: number | null
}

async function roles(): Promise<Record<string, string>> {
  const { json } = await run('models', 'list')
  const kept = (json as Listed[]).filter(({ name }) => name === 'kept')
  return Object.fromEntries(
    kept.map((one) => [
      one.version,
      one.roles.map(({ kind, percent }) => `${kind} ${percent ?? ''}`.trim()).join(),
    ]),
  )
}

describe('versions of the local store', () => {
  it('are listed with the parts that they play', async () => {
    for (const version of ['1', '2', '3']) {
      const done = await run('models', 'promote', `kept@${version}`, '--force', 'no texts')
      expect(done.status, done.stderr).toBe(0)
    }
    await run('models', 'challenge', 'kept@4', '--percent', '10', '--force', 'no texts')
    const shadowed = await run('models', 'shadow', 'kept@1', '--percent', '100')
    expect(shadowed.status, shadowed.stderr).toBe(0)
    expect(await roles()).toEqual({
      1: 'shadow 100',
      2: 'previous',
      3: 'champion',
      4: 'challenger 10',
      5: '',
    })
    const table = await withinProcess(['models', 'list'], { env: space.env })
    expect(table.stdout).toMatch(/kept@4 +challenger 10 % +\d\.\d{4} +[\d.]+ MB \+ 7\.9 MB shared/)
    expect(table.stdout).toMatch(/6 versions, [\d.]+ MB in /)
    // Without Kafka, the store shows the same roles.
    const away = { ...space.env, WINNOW_KAFKA_BROKERS: '127.0.0.1:1' }
    const alone = await withinProcess(['models', 'list'], { env: away })
    expect(alone.stdout).toMatch(/kept@1 +shadow 100 %/)
    expect(alone.stdout).toMatch(/winnow.models cannot be read .*the roles shown are the last/)
  })

  it('stay while they play a part', async () => {
    for (const version of ['1', '2', '3', '4']) {
      const refused = await run('models', 'rm', `kept@${version}`)
      expect([refused.status, refused.stderr.includes('version_in_use')], version).toEqual([
        1,
        true,
      ])
    }
    const trial = await run('models', 'prune', 'kept', '--keep', '1', '--dry-run')
    expect(trial.json).toMatchObject({ removed: [], dryRun: true })
    expect(await versionNumbers(space.storeDir, 'kept')).toEqual(['1', '2', '3', '4', '5'])
  })

  it('are pruned when they play none, and a rollback passes over what was removed', async () => {
    await run('models', 'shadow', 'kept@1', '--percent', '0')
    await run('models', 'challenge', 'kept@4', '--percent', '0')
    const forced = await run('models', 'rm', 'kept@2', '--force')
    expect(forced.json).toMatchObject({ removed: ['2'] })
    expect(await roles()).toEqual({ 1: 'previous', 3: 'champion', 4: '', 5: '' })
    const pruned = await run('models', 'prune', 'kept', '--keep', '1')
    expect(pruned.json).toMatchObject({ removed: ['4'] })
    const back = await run('models', 'rollback', 'kept')
    expect(back.json).toMatchObject({ champion: '1', previous: [] })
    expect(await roles()).toEqual({ 1: 'champion', 3: '', 5: '' })
  })
})

describe('training_runs', () => {
  const rows = (name: string) =>
    space.analytics.rows<{ run: string; version: string; hash: number }>(
      'SELECT run, version, length(artifact_hash) AS hash FROM training_runs WHERE model = {name: String}',
      { name },
    )
  const train = (...more: string[]) =>
    run(
      ...['train', '--name', 'noted', '--data', join(space.dir, 'train.jsonl'), ...more],
      ...['--base', 'small'],
      ...['--max-tokens', '64', '--near-duplicates', 'off'],
    )

  it('have a row for each run, once, published or not', async () => {
    const plain = await train()
    expect(plain.status, plain.stderr).toBe(0)
    const { run: name } = plain.json as { run: string }
    expect(await rows('noted')).toEqual([{ run: name, version: '1', hash: 64 }])
    await run('models', 'push', 'noted@1')
    expect(await rows('noted')).toHaveLength(1)
    const refused = await train(
      ...['--publish', '--test', join(space.dir, 'wrong.jsonl')],
      ...['--set', 'publish.accuracyMin=0.9'],
    )
    expect(refused.stderr).toContain('publish_refused')
    expect((await rows('noted')).map(({ version }) => version).sort()).toEqual(['1', '2'])
  })

  it('cost a line, not the run, when ClickHouse is away', async () => {
    const away = await winnow(
      [
        'train',
        '--name',
        'alone',
        '--data',
        join(space.dir, 'train.jsonl'),
        '--json',
        '--base',
        'small',
        '--max-tokens',
        '64',
        '--near-duplicates',
        'off',
      ],
      { env: { ...space.env, WINNOW_CLICKHOUSE_URL: 'http://127.0.0.1:1' } },
    )
    expect(away.status).toBe(0)
    expect(away.stderr).toMatch(/the run has no row in training_runs .*run\.json/)
    expect(away.stderr.match(/training_runs/g)).toHaveLength(1)
  })
})
