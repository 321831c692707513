// The kernel reports the lower priority of a yielding process: its niceness, and that of its
// session.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { expect, test } from 'vitest'

const module = new URL('./yield-processor.ts', import.meta.url).href
const script = `
  const { yieldProcessor } = await import(${JSON.stringify(module)})
  yieldProcessor()
  process.stdout.write('done')
  setInterval(() => undefined, 1_000)
`

/** Runs `inspect` while a yielding process runs in a session of its own. */
async function besideYielding(inspect: (pid: number) => void): Promise<void> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    inspect(child.pid!)
  } finally {
    child.kill('SIGKILL')
  }
}

test('a yielding process has a lower priority than the one that started it', async () => {
  await besideYielding((pid) => {
    expect(getPriority(pid)).toBe(Math.min(19, getPriority() + 10))
  })
})

test.runIf(existsSync('/proc/self/autogroup'))('its session has a lower priority too', async () => {
  const own = readFileSync('/proc/self/autogroup', 'utf8')
  await besideYielding((pid) => {
    expect(readFileSync(`/proc/${pid}/autogroup`, 'utf8')).toMatch(/nice 10$/m)
  })
  expect(readFileSync('/proc/self/autogroup', 'utf8')).toBe(own)
})
