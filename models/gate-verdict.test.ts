// The last verdict stays with its version.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keepVerdict, readVerdict } from './gate-verdict.ts'

test('the last verdict of the gate is kept and read', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'winnow-verdict-'))
  try {
    expect(await readVerdict(dir)).toBeUndefined()
    const refusal = { passed: false, because: 'accuracy 0.4000, at least 0.9 is demanded' }
    await keepVerdict(dir, refusal)
    expect(await readVerdict(dir)).toEqual(refusal)
    await keepVerdict(dir, { passed: true, because: 'forced: a trial' })
    expect(await readVerdict(dir)).toEqual({ passed: true, because: 'forced: a trial' })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
