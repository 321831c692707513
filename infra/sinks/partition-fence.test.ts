// What raising a fence asks of the engine, and how it waits. That a fence keeps earlier owners out
// is tested on the real engine in tests/contract/sink.test.ts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exception } from '../../tests/support/fake-clickhouse.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { raiseFence } from './partition-fence.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
  scripted.answer('system.processes', [{ n: 0 }])
})
afterEach(() => scripted.close())

const owned = { group: 'g', topic: 't', partitions: [0, 3] }

describe('raiseFence', () => {
  it('stores one fence for all partitions, with a token that nobody had', async () => {
    const fence = await raiseFence(scripted.analytics, owned)
    expect(fence).toEqual({ ...owned, token: fence.token })
    const [insert] = scripted.statements()
    expect(insert!.sql).toMatch(/^INSERT INTO partition_fences/)
    expect(insert!.sql).not.toContain('throwIf')
    expect(insert!.parameters).toEqual({
      fenceGroup: 'g',
      fenceTopic: 't',
      fencePartitions: '[0,3]',
      fenceToken: fence.token,
      fenceCount: '2',
    })
    expect((await raiseFence(scripted.analytics, owned)).token).not.toBe(fence.token)
  })

  it('follows on from an earlier fence of its owner, as long as nobody else has raised one', async () => {
    const first = await raiseFence(scripted.analytics, owned)
    const second = await raiseFence(scripted.analytics, owned, first)
    const third = await raiseFence(scripted.analytics, owned, second)
    expect([second.token, third.token]).toEqual([`${first.token}/2`, `${first.token}/3`])
    expect(scripted.statements().at(-2)!.sql).toContain('throwIf')
  })

  it('is fenced when the engine says that somebody else has raised one', async () => {
    const first = await raiseFence(scripted.analytics, owned)
    scripted.engine.select = exception(395, 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO').answer
    await expect(raiseFence(scripted.analytics, owned, first)).rejects.toMatchObject({
      code: 'fenced',
      message: 'another consumer of the group g owns t/0, 3 now',
    })
  })

  it('throws other refusals and outages as they are', async () => {
    scripted.engine.select = exception(60, 'UNKNOWN_TABLE').answer
    await expect(raiseFence(scripted.analytics, owned)).rejects.toMatchObject({
      code: 'analytics_refused',
    })
    scripted.engine.select = exception(236, 'ABORTED').answer
    await expect(raiseFence(scripted.analytics, owned)).rejects.toMatchObject({
      code: 'analytics_unavailable',
    })
  })

  it('resolves only when no insert under an earlier fence runs any more', async () => {
    const running = [2, 1, 0]
    const elapsed: number[] = []
    scripted.answer('system.processes', ({ parameters }) => {
      expect(parameters['comment']).toBe('winnow/g/t')
      elapsed.push(Number(parameters['seconds']))
      return [{ n: running.shift() }]
    })
    await raiseFence(scripted.analytics, owned)
    expect(running).toEqual([])
    // Inserts that began after the fence stood are none of its business, however long it waits.
    expect(elapsed).toEqual(elapsed.toSorted((a, b) => a - b))
    expect(elapsed[2]).toBeGreaterThan(elapsed[0]!)
  })

  it('asks nothing for no partitions', async () => {
    expect(await raiseFence(scripted.analytics, { ...owned, partitions: [] })).toMatchObject({
      partitions: [],
    })
    expect(scripted.statements()).toEqual([])
  })
})
