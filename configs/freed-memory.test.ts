// Starts processes as the command starts itself, and checks how they restart.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const script = `
  import { keepFreedMemory } from ${JSON.stringify(new URL('freed-memory.ts', import.meta.url).href)}
  const { MALLOC_MMAP_THRESHOLD_: threshold, TEST_PID: first } = process.env
  process.env.TEST_PID ??= String(process.pid)
  keepFreedMemory(process.argv.slice(1))
  const isSame = first === undefined ? 'first' : first === String(process.pid) ? 'same' : 'other'
  console.log(JSON.stringify([threshold ?? null, isSame, process.execArgv, process.argv.slice(1)]))
`

/** What a process with these arguments reports about itself. */
function started(args: readonly string[], threshold: string | undefined): unknown[] {
  const flags = ['--max-semi-space-size=8', '--input-type=module', '--eval', script]
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--', ...args], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { PATH: process.env['PATH'], MALLOC_MMAP_THRESHOLD_: threshold },
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return JSON.parse(stdout) as unknown[]
}

it.runIf(process.execve !== undefined)(
  'a training process restarts without the setting, with the same process id and arguments',
  () => {
    const [threshold, pid, flags, args] = started(['train', '--data', 'a b'], '262144')
    expect([threshold, pid]).toEqual([null, 'same'])
    expect(flags).toContain('--max-semi-space-size=8')
    expect(args).toEqual(['train', '--data', 'a b'])
  },
)

it('other commands keep the setting, and without it nothing happens', () => {
  expect(started(['serve'], '262144').slice(0, 2)).toEqual(['262144', 'first'])
  expect(started(['train'], undefined).slice(0, 2)).toEqual([null, 'first'])
})
