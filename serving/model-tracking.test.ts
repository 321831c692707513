// Registered models of a fake MLflow beside the real steps of publishing and promoting: aliases
// follow, failures reach nobody, and a sync repairs what was missed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { configSchema } from '../configs/schema.ts'
import { createMlflow } from '../infra/mlflow/mlflow.ts'
import { startFakeMlflow, type FakeMlflow } from '../tests/support/fake-mlflow.ts'
import { registryInMemory } from '../tests/support/registry-in-memory.ts'
import { syncModel } from '../trainers/tracking/registered-models.ts'
import { trackModels, type ModelTracking } from './model-tracking.ts'
import { promoteModel, rollBackModel, sideModel } from './promoting.ts'
import { publishModel } from './publishing.ts'

let storeDir: string
let fake: FakeMlflow
let lines: string[]
let tracking: ModelTracking
beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-models-'))
  fake = await startFakeMlflow()
  lines = []
})
afterEach(async () => {
  await fake.close()
  await rm(storeDir, { recursive: true, force: true })
})

const by = 'ann'

function openTracked(endMsMax: number): ReturnType<typeof registryInMemory> {
  const { tracking: config } = configSchema.parse({
    tracking: { mlflow: { url: fake.url, endMsMax } },
  })
  tracking = trackModels({ config: config.mlflow, storeDir, log: (line) => lines.push(line) })
  return { ...registryInMemory(storeDir), track: tracking.changed }
}

/** The Winnow versions that the aliases point to. */
function aliases(): Record<string, string | undefined> {
  const { versions, aliases: own } = fake.models.get('mail')!
  const tagOf = (version: string): string | undefined =>
    versions.find((one) => one.version === version)?.tags.get('winnow.version')
  return Object.fromEntries([...own].sort().map(([alias, version]) => [alias, tagOf(version)]))
}

it('has each published version, and aliases that follow the roles', async () => {
  const registry = openTracked(20_000)
  const versions = [await registry.write('one'), await registry.write('two')]
  for (const version of versions) await publishModel(registry, { version, by })
  const request = { ref: 'mail@2', by, reason: '' }
  await sideModel(registry, { ...request, role: 'challenger', percent: 10 })
  await tracking.close()
  expect(aliases()).toEqual({ challenger: '2', champion: '1' })
  const again = openTracked(20_000)
  await promoteModel({ ...registry, track: again.track }, request)
  await rollBackModel({ ...registry, track: again.track }, { name: 'mail', by, reason: '' })
  await tracking.close()
  expect(aliases()).toEqual({ champion: '1' })
  const registered = fake.models.get('mail')!.versions
  expect(registered.map(({ tags }) => tags.get('winnow.version'))).toEqual(['1', '2'])
  expect(registered[0]!.tags.get('winnow.url')).toBe('memory://store/versions/mail/1/')
  expect(lines).toEqual([])
})

it.each<[string, FakeMlflow['misbehave']]>([
  ['does not answer', () => 'answered'],
  [
    'refuses',
    (_, response) => {
      response.writeHead(403).end('{}')
      return 'answered'
    },
  ],
])('releases all the same if the server %s, and syncs later', async (_, misbehave) => {
  fake.misbehave = misbehave
  const registry = openTracked(100)
  await publishModel(registry, { version: await registry.write('one'), by })
  await publishModel(registry, { version: await registry.write('two'), by })
  const began = performance.now()
  await tracking.close()
  expect(performance.now() - began).toBeLessThan(1_600)
  expect(lines[0]).toMatch(
    /^MLflow does not have the change of mail yet \(.*\); `winnow runs sync`/,
  )
  fake.misbehave = () => undefined
  const mlflow = createMlflow({ url: fake.url, requestMsMax: 5_000 })
  expect(await syncModel(mlflow, { storeDir, name: 'mail' })).toBe('sent')
  // The second version never had a role.
  expect(fake.models.get('mail')!.versions).toHaveLength(2)
  expect(aliases()).toEqual({ champion: '1' })
  expect(await syncModel(mlflow, { storeDir, name: 'mail' })).toBe('unchanged')
})

it('does nothing without a server', async () => {
  const { tracking: config } = configSchema.parse({})
  tracking = trackModels({ config: config.mlflow, storeDir, log: (line) => lines.push(line) })
  const registry = { ...registryInMemory(storeDir), track: tracking.changed }
  await publishModel(registry, { version: await registry.write('one'), by })
  await tracking.close()
  expect(fake.requests).toEqual([])
  expect(lines).toEqual([])
})
