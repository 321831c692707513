// What a thread is given must be what the kernel gives it, and must not reach the other threads.
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { getPriority, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeTinyEncoder } from '../../tests/support/tiny-encoder.ts'
import { until } from '../../tests/support/until.ts'
import { openPool } from '../inference/pool.ts'
import { hasCapability } from './thread-priority.ts'

/** Niceness of each thread of this process: field 19 of /proc/PID/stat (proc(5)). */
async function nicenesses(): Promise<number[]> {
  const tasks = await readdir('/proc/self/task')
  const stats = tasks.map(async (task) => {
    const stat = await readFile(`/proc/self/task/${task}/stat`, 'utf8').catch(() => '')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  })
  return Promise.all(stats)
}

const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : ''
const mayRaise = hasCapability(status, 23n)

test.runIf(mayRaise)(
  'threads that load yield until they are raised, and only they do',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'winnow-priority-'))
    const modelPath = join(folder, 'tiny.onnx')
    await writeTinyEncoder(modelPath)
    // The runtime has a thread of its own for the process, which inherits from who loads first.
    await (await openPool({ modelPath, output: 'embedding', workers: 1 })).close()
    // A process that was started with nice keeps what it was given.
    const own = getPriority(process.pid)
    const before = own + 3
    setPriority(process.pid, before)
    const yielding = async (niceness: number) =>
      (await nicenesses()).filter((one) => one === before + niceness).length
    const others = await yielding(15)
    const atWork = await yielding(0)
    const loading = { modelPath, output: 'embedding', priority: 'loading' } as const
    const pool = await openPool({ ...loading, workers: 2, loadingMsMax: 60_000 })
    const run = () => pool.run({ ids: Int32Array.of(1, 2, 3), batch: 1, tokens: 3 })
    await run()
    expect([(await yielding(15)) - others, getPriority(process.pid)]).toEqual([2, before])
    pool.raisePriority()
    expect([await yielding(15), await yielding(0)]).toEqual([others, atWork + 2])
    await pool.close()
    // One that nobody raises does not stay so.
    const forgotten = await openPool({ ...loading, workers: 1, loadingMsMax: 1 })
    await until('the thread to be raised', async () => (await yielding(15)) === others)
    await forgotten.close()
    setPriority(process.pid, own)
    await rm(folder, { recursive: true })
  },
)

test('a capability is a bit of the effective mask', () => {
  const unprivileged = 'Name:\tnode\nCapPrm:\t000001ffffffffff\nCapEff:\t00000000a80425fb\n'
  expect([hasCapability(unprivileged, 0n), hasCapability(unprivileged, 23n)]).toEqual([true, false])
  expect(hasCapability('CapEff:\t000001fffeffffff\n', 23n)).toBe(true)
  expect(hasCapability('', 23n)).toBe(false)
})
