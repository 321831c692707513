// Explanations beside a model that serves: the same as the command's, whatever is swapped meanwhile,
// refused beyond the limit, and ended when nobody waits.
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
  const served = (version: Pick<ModelVersion, 'ref' | 'dir' | 'manifest'>) => ({
    ref: version.ref,
    dir: version.dir,
    manifest: version.manifest,
    close: () => Promise.resolve(),
  })
  const serving = { current: served(versions[0]!) }
  const limits = { ...config, gateway: { ...config.gateway, ...gateway } }
  // At the usual priority it would wait for all other tests.
  const explainer = createOnlineExplainer(serving, limits, { priority: 'normal' })
  const swap = (version: Parameters<typeof served>[0]) => (serving.current = served(version))
  return { explainer, swap }
}

it('explains as the command does, with the version that served when it was asked', async () => {
  const { explainer, swap } = serve()
  const request = { text: 'a  b c' }
  const current = explainer.current()
  expect(current).toMatchObject({ model: 'tiny@1', labels: ['a', 'b', 'c'] })
  const first = current.explain(request, patient)
  swap(versions[1]!)
  const answers = [first, explainer.current().explain(request, patient)]
  for (const [at, answer] of answers.entries()) {
    const version = versions[at]!
    const { steps } = config.cleaning
    const direct = await openExplainer({ version, workers: 1, steps })
    expect(await answer).toEqual(await direct.explain(request))
    await direct.close()
  }
  swap({ ...versions[0]!, dir: join(storeDir, 'gone') })
  const missing = explainer.current().explain(request, patient)
  await expect(missing).rejects.toMatchObject({ code: 'model_corrupt' })
  expect(await current.explain(request, patient)).toEqual(await first)
  await explainer.close()
})

it('refuses what is beyond the limit, and ends the work of callers who left', async () => {
  const { explainer } = serve({ explainQueueMax: 3 })
  const stop = new AbortController()
  const ask = ({ signal }: { signal: AbortSignal }) =>
    explainer.current().explain({ text: 'a b c d e f g h', method: 'shapley' }, { signal })
  const left = [ask(stop), ask(stop)]
  const stays = ask(patient)
  expect(explainer.hasRoom()).toBe(false)
  await expect(ask(patient)).rejects.toMatchObject({ code: 'queue_full' })
  stop.abort()
  for (const one of left) await expect(one).rejects.toMatchObject({ code: 'cancelled' })
  expect(await stays).toMatchObject({ model: 'tiny@1' })
  expect(explainer.hasRoom()).toBe(true)
  const ended = expect(ask(patient)).rejects.toMatchObject({ code: 'cancelled' })
  await explainer.close()
  await ended
  expect(explainer.hasRoom()).toBe(false)
  await expect(ask(patient)).rejects.toMatchObject({ code: 'cancelled' })
})
