// Real processes that are killed (SIGKILL) during training and resume from their checkpoint: the
// result is the same, to the byte, as that of an undisturbed run. Damaged or foreign checkpoints
// are refused.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCheckpoint, writeCheckpoint } from './checkpoint-file.ts'
import { requireSameInputs } from './training-position.ts'

const script = fileURLToPath(new URL('../../tests/support/fine-tuning-child.ts', import.meta.url))
const processMsMax = 60_000
let root: string
let unbroken: Buffer

/** The folder of a new run. */
const folder = (): Promise<string> => mkdtemp(join(root, 'run-'))

/** Runs a process to its end; returns the signal that ended it. */
async function train(dir: string, point: string, seed = '1'): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [script, dir, point, seed], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return signal
}

const modelOf = (dir: string): Buffer => readFileSync(join(dir, 'model.onnx'))

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'winnow-resume-'))
  const dir = await folder()
  expect(await train(dir, 'nowhere')).toBeNull()
  unbroken = modelOf(dir)
}, processMsMax)
afterAll(() => rm(root, { recursive: true, force: true }))

describe('a killed process', { timeout: processMsMax }, () => {
  it.concurrent.each(['freezing', 'step', 'checkpoint', 'validation', 'epoch'])(
    'in %s goes on to the same bytes',
    async (point) => {
      const dir = await folder()
      expect(await train(dir, point)).toBe('SIGKILL')
      expect(existsSync(join(dir, 'checkpoint'))).toBe(point !== 'freezing')
      expect(existsSync(join(dir, 'checkpoint.part'))).toBe(point === 'checkpoint')
      expect(existsSync(join(dir, 'model.onnx'))).toBe(false)
      expect(await train(dir, 'nowhere')).toBeNull()
      expect(modelOf(dir).equals(unbroken)).toBe(true)
    },
  )

  it.concurrent(
    'gives the same result for the same seed, another one for another seed',
    async () => {
      const [again, other] = [await folder(), await folder()]
      await train(again, 'nowhere')
      await train(other, 'nowhere', '2')
      expect(modelOf(again).equals(unbroken)).toBe(true)
      expect(modelOf(other).equals(unbroken)).toBe(false)
    },
  )
})

describe('a checkpoint', () => {
  const content = {
    header: { step: 7, loss: 0.1 + 0.2 },
    tensors: new Map([
      ['a', Float32Array.of(1, -0, Infinity)],
      ['b', new Float32Array(0)],
    ]),
  }

  it('returns what was written', async () => {
    const path = join(await folder(), 'checkpoint')
    expect(readCheckpoint(path)).toBeUndefined()
    writeCheckpoint(path, { header: {}, tensors: new Map() })
    writeCheckpoint(path, content)
    expect(readCheckpoint(path)).toEqual(content)
  })

  it('is refused when it is damaged', async () => {
    const path = join(await folder(), 'checkpoint')
    writeCheckpoint(path, content)
    const bytes = readFileSync(path)
    for (const damaged of [
      bytes.subarray(0, 40),
      bytes.map((byte, i) => (i === 60 ? ~byte : byte)),
    ]) {
      writeFileSync(path, damaged)
      expect(() => readCheckpoint(path)).toThrow(
        expect.objectContaining({ code: 'resume_refused' }) as Error,
      )
    }
  })

  it('is refused if inputs changed, and the error names them', () => {
    const then = { 'the training data': 'a', 'the base encoder': 'b', settings: 'c' }
    expect(() => requireSameInputs(then, then)).not.toThrow()
    expect(() => requireSameInputs(then, { ...then, 'the base encoder': 'x' })).toThrow(
      expect.objectContaining({
        code: 'resume_refused',
        message: expect.stringContaining('the base encoder changed') as string,
        details: { changed: ['the base encoder'] },
      }) as Error,
    )
  })
})
