// Publishing on the real broker and engine, with a folder as artifact store: the gate, the files,
// the announcement and the rows, through the commands.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { downloadVersion } from '../../models/store/version-download.ts'
import { openFolderObjects } from '../../models/store/folder-objects.ts'
import { listVersions } from '../../models/store/version-store.ts'
import { winnow } from '../support/cli.ts'
import { smallBase } from '../support/small-base.ts'
import { withinProcess } from '../support/within-process.ts'
import { openWorkspace, sampleText, trainTestModel, type Workspace } from '../support/workspace.ts'

let space: Workspace
let env: Record<string, string>
let published: string

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
  published = join(space.dir, 'published')
  env = {
    ...space.env,
    WINNOW_STORE_KIND: 'folder',
    WINNOW_STORE_PATH: published,
  }
  await smallBase(space.storeDir)
  const lines = (count: number, wrong: number, from: number) =>
    Array.from({ length: count }, (_, number) => {
      const { text, label } = sampleText(number + from)
      return JSON.stringify({
        text,
        label: number < wrong ? sampleText(number + from + 1).label : label,
      })
    }).join('\n')
  await writeFile(join(space.dir, 'test.jsonl'), lines(90, 0, 1_000))
  await writeFile(join(space.dir, 'bad.jsonl'), lines(60, 60, 5_000))
})

afterAll(() => space.close())

async function run(...argv: string[]) {
  const { status, stdout, stderr } = await withinProcess([...argv, '--json'], { env })
  return { status, stderr, json: (stdout === '' ? {} : JSON.parse(stdout)) as never }
}

const releases = () =>
  space.analytics.rows<{ kind: string; version: string; reason: string }>(
    `SELECT kind, version, reason FROM model_releases WHERE model = 'test' ORDER BY at`,
  )

describe('publishing', () => {
  it('uploads, announces and records; the first version serves at once', async () => {
    const first = await run('models', 'push', 'test@1')
    expect(first.status, first.stderr).toBe(0)
    expect(first.json).toMatchObject({ model: 'test@1', forced: false })
    expect(await releases()).toEqual([{ kind: 'publish', version: '1', reason: '' }])
    const elsewhere = join(space.dir, 'elsewhere')
    const fetched = await downloadVersion({
      objects: openFolderObjects(published),
      storeDir: elsewhere,
      name: 'test',
      version: '1',
    })
    expect(fetched.manifest.labels).toEqual(['parcel', 'praise', 'refund'])
    const again = await run('models', 'promote', 'test@1')
    expect(again.json).toMatchObject({ champion: '1', previous: [] })
  })

  it('refuses a version that loses to the champion, with nothing to be seen of it', async () => {
    // Trained on wrong labels only, so it loses on the test texts.
    const worse = await run(
      ...['train', '--name', 'test', '--data', join(space.dir, 'bad.jsonl'), '--max-tokens', '64'],
      ...['--base', 'small'],
      ...['--test', join(space.dir, 'test.jsonl'), '--near-duplicates', 'off', '--publish'],
    )
    expect(worse.status).toBe(1)
    expect(worse.stderr).toContain('publish_refused')
    expect(worse.stderr).toMatch(/points against test@1 on 90 texts/)
    const objects = openFolderObjects(published)
    expect((await objects.list('versions/test/2/')).map(({ key }) => key)).toEqual([])
    expect((await releases()).at(-1)).toMatchObject({ kind: 'refusal', version: '2' })
    for (const change of [['promote'], ['challenge', '--percent', '10']]) {
      const [verb = '', ...options] = change
      const past = await run('models', verb, 'test@2', ...options)
      expect([past.status, past.stderr.includes('publish_refused')], verb).toEqual([1, true])
      expect(past.stderr).toMatch(/the gate refused it .*--data SRC.*--force REASON/s)
    }
    const judged = await run('models', 'promote', 'test@2', '--data', join(space.dir, 'test.jsonl'))
    expect(judged.stderr).toMatch(/test@2 is not promoted: .* points against test@1/)
    const forced = await run('models', 'push', 'test@2', '--force', 'to see it fail')
    expect(forced.status, forced.stderr).toBe(0)
    expect(forced.json).toMatchObject({ forced: true, verdicts: [{}, {}, { passed: false }] })
    const [row] = await space.analytics.rows<object>(
      `SELECT model, version, method, metrics['accuracy'] < 0.5 AS bad, length(artifact_hash) AS hash
       FROM training_runs WHERE model = 'test' AND version = '2'`,
    )
    expect(row).toEqual({ model: 'test', version: '2', method: 'head', bad: 1, hash: 64 })
  })

  it('is refused before training where the champion could not be compared with', async () => {
    const data = join(space.dir, 'bad.jsonl')
    const done = await run('train', '--name', 'test', '--data', data, '--publish')
    expect(done.status).toBe(2)
    expect(done.stderr).toMatch(/--publish needs --test here: test@1 is the champion/)
    expect((await listVersions({ storeDir: space.storeDir, name: 'test' })).length).toBe(2)
  })

  it('promotes and rolls back, audited; and says so when there is nothing to go back to', async () => {
    const promoted = await run('models', 'promote', 'test@2', '--reason', 'a trial')
    expect(promoted.json).toMatchObject({ champion: '2', previous: ['1'], reason: 'a trial' })
    const back = await run('models', 'rollback', 'test', '--reason', 'it was worse')
    expect(back.json).toMatchObject({ kind: 'rolled-back', champion: '1', previous: [] })
    const further = await run('models', 'rollback', 'test')
    expect([further.status, further.stderr.includes('model_not_found')]).toEqual([1, true])
    const mistyped = await run('models', 'rollback', 'tset')
    expect(mistyped.status).toBe(1)
    expect(mistyped.stderr).toMatch(
      /the model tset was ever published.* Did you mean test\? There are: test/s,
    )
    const kinds = (await releases()).slice(-2).map(({ kind, reason }) => [kind, reason])
    expect(kinds).toEqual([
      ['promote', 'a trial'],
      ['rollback', 'it was worse'],
    ])
  })

  it('uploads a version that it promotes or challenges before it announces it', async () => {
    await trainTestModel(space.storeDir, { name: 'unpushed' })
    await trainTestModel(space.storeDir, { name: 'unpushed' })
    const objects = openFolderObjects(published)
    for (const [version, change] of [
      ['1', ['promote']],
      ['2', ['challenge', '--percent', '5', '--force', 'no texts']],
    ] as const) {
      const [verb, ...options] = change
      const done = await run('models', verb, `unpushed@${version}`, ...options)
      expect(done.status, done.stderr).toBe(0)
      const fetched = await downloadVersion({
        objects,
        name: 'unpushed',
        version,
        storeDir: join(space.dir, 'fresh'),
      })
      const { versions } = done.json as { versions: { version: string; url: string }[] }
      const released = versions.find((one) => one.version === version)
      expect(released?.url).toBe(`${objects.url}versions/unpushed/${version}/`)
      expect(fetched.ref).toBe(`unpushed@${version}`)
    }
    const rows = await space.analytics.rows<object>(
      `SELECT kind, version, reason FROM model_releases WHERE model = 'unpushed' ORDER BY at, kind`,
    )
    expect(rows).toMatchObject([
      { kind: 'publish', version: '1', reason: '' },
      { kind: 'promote', version: '1', reason: '' },
      { kind: 'publish', version: '2', reason: 'forced: no texts' },
      { kind: 'challenge', version: '2', reason: '5 % of the events: forced: no texts' },
    ])
  })

  it('records a reason for overruling the gate only where the gate refused', async () => {
    const again = await run('models', 'promote', 'unpushed@1', '--force', 'to be sure')
    expect(again.json).toMatchObject({ champion: '1', reason: '' })
    const pushed = await run('models', 'push', 'unpushed@1', '--force', 'to be sure')
    expect(pushed.json).toMatchObject({ forced: false })
    const verdict = join(space.storeDir, 'versions', 'unpushed', '2', '.gate.json')
    await writeFile(verdict, '{"passed":')
    const damaged = await run('models', 'promote', 'unpushed@2')
    expect(damaged.status).toBe(1)
    expect(damaged.stderr).toContain('model_corrupt')
    expect(damaged.stderr).toContain(`${verdict} is damaged`)
  })

  it('takes another number where somebody else published under it meanwhile', async () => {
    const other = await openWorkspace(inject('stack'), env)
    try {
      // Another store, in which a different version also has the number 1.
      const otherStore = join(other.dir, 'another')
      await trainTestModel(otherStore, { relabel: (label) => label })
      const result = await winnow(
        ['models', 'push', 'test@1', '--force', 'the same name from another machine', '--json'],
        { env: { ...other.env, WINNOW_MODEL_STORE: otherStore } },
      )
      expect(result.status, result.stderr).toBe(0)
      expect((JSON.parse(result.stdout) as { model: string }).model).toBe('test@3')
      await expect(
        downloadVersion({
          objects: openFolderObjects(published),
          name: 'test',
          version: '3',
          storeDir: otherStore,
          manifestSha256: '0'.repeat(64),
        }),
      ).rejects.toMatchObject({ code: 'hash_mismatch' })
      // The local test@1 was never published, and the published one must not replace it.
      await expect(
        downloadVersion({
          objects: openFolderObjects(published),
          name: 'test',
          version: '3',
          storeDir: space.storeDir,
        }),
      ).resolves.toMatchObject({ ref: 'test@3' })
      await expect(
        downloadVersion({
          objects: openFolderObjects(published),
          name: 'test',
          version: '2',
          storeDir: join(space.dir, 'elsewhere'),
        }),
      ).resolves.toMatchObject({ ref: 'test@2' })
    } finally {
      await other.close()
    }
  })
})
