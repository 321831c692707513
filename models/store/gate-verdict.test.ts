// The last verdict stays with its version.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
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
    expect(await readdir(dir)).toEqual(['.gate.json'])
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

test.each(['', '{"passed":', '[]', '{"passed":"yes"}'])(
  "a verdict '%s' is damaged",
  async (text) => {
    const dir = await mkdtemp(join(tmpdir(), 'winnow-verdict-'))
    try {
      await writeFile(join(dir, '.gate.json'), text)
      await expect(readVerdict(dir)).rejects.toMatchObject({
        code: 'model_corrupt',
        message: expect.stringContaining(`${join(dir, '.gate.json')} is damaged`),
      })
      await expect(readVerdict(dir)).rejects.toThrow(/Delete the file/)
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  },
)
