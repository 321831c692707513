// Explanations beside a model that serves: the same as the command's, whatever is swapped meanwhile,
// one at a time, refused beyond the limit, and ended when nobody waits.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { configSchema } from '../configs/schema.ts'
import { openExplainer } from '../models/explain/explain-text.ts'
import type { ModelVersion } from '../models/store/version-files.ts'
import { writeTinyVersion } from '../tests/support/tiny-version.ts'
import { createOnlineExplainer } from './online-explainer.ts'

let storeDir: string
let versions: ModelVersion[]
beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-online-explainer-'))
  versions = [
    await writeTinyVersion({ storeDir }),
    await writeTinyVersion({ storeDir, pooling: 'cls' }),
  ]
})
afterAll(() => rm(storeDir, { recursive: true }))

const config = configSchema.parse({})
const patient = { signal: new AbortController().signal }

/** A serving model that a test swaps, with its explainer. */
function serve(gateway: Partial<typeof config.gateway> = {}) {
  const served = (version: ModelVersion) => ({
    ref: version.ref,
    dir: version.dir,
    manifest: version.manifest,
    close: () => Promise.resolve(),
  })
  const serving = { current: served(versions[0]!) }
  const limits = { ...config, gateway: { ...config.gateway, ...gateway } }
  const explainer = createOnlineExplainer(serving, limits)
  return { explainer, swap: () => (serving.current = served(versions[1]!)) }
}

it('explains as the command does, with the version that served when it was asked', async () => {
  const { explainer, swap } = serve()
  const request = { text: 'a  b c' }
  const current = explainer.current()
  expect(current).toMatchObject({ model: 'tiny@1', labels: ['a', 'b', 'c'] })
  const before = current.explain(request, patient)
  swap()
  const after = explainer.current().explain(request, patient)
  const again = current.explain(request, patient)
  for (const [at, answer] of [before, after, again].entries()) {
    const version = versions[at % 2]!
    const { steps } = config.cleaning
    const direct = await openExplainer({ version, workers: 1, steps })
    expect(await answer).toEqual(await direct.explain(request))
    await direct.close()
  }
  await explainer.close()
})

it('refuses what is beyond the limit, and has room again', async () => {
  const { explainer } = serve({ explainQueueMax: 2 })
  const ask = () => explainer.current().explain({ text: 'a b' }, patient)
  expect(explainer.hasRoom()).toBe(true)
  const answers = [ask(), ask()]
  expect(explainer.hasRoom()).toBe(false)
  await expect(ask()).rejects.toMatchObject({ code: 'queue_full' })
  await Promise.all(answers)
  expect(explainer.hasRoom()).toBe(true)
  await explainer.close()
  expect(explainer.hasRoom()).toBe(false)
  await expect(ask()).rejects.toMatchObject({ code: 'cancelled' })
})

it('ends the work of callers who left, also while it runs', async () => {
  const { explainer } = serve()
  const stop = new AbortController()
  const request = { text: 'a b c d e f g h', method: 'shapley' } as const
  const left = [1, 2].map(() => explainer.current().explain(request, { signal: stop.signal }))
  const stays = explainer.current().explain({ text: 'a' }, patient)
  stop.abort()
  for (const one of left) await expect(one).rejects.toMatchObject({ code: 'cancelled' })
  expect(await stays).toMatchObject({ model: 'tiny@1' })
  await explainer.close()
})

it('passes on what opening a version throws, and explains the next text', async () => {
  const { explainer, swap } = serve()
  const gone = { ...versions[0]!, dir: join(storeDir, 'gone') }
  const missing = createOnlineExplainer(
    { current: { ...gone, close: () => Promise.resolve() } },
    config,
  )
  const refused = missing.current().explain({ text: 'a' }, patient)
  await expect(refused).rejects.toMatchObject({ code: 'model_corrupt' })
  await missing.close()
  swap()
  expect(await explainer.current().explain({ text: 'a' }, patient)).toMatchObject({
    model: 'tiny@2',
  })
  await explainer.close()
})
