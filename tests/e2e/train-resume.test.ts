// `winnow train` is killed or stopped by Ctrl-C, then resumed: the model has the same bytes as one
// of an uninterrupted run. Also the messages for runs that cannot be resumed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { winnow, type Environment } from '../support/cli.ts'
import { smallBase } from '../support/small-base.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { sampleText } from '../support/workspace.ts'

let dir: string
let store: string
let env: Environment
let data: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-resume-'))
  store = join(dir, 'store')
  await smallBase(store)
  env = { WINNOW_MODEL_STORE: store, WINNOW_STATE: join(dir, 'state') }
  data = join(dir, 'train.jsonl')
  const lines = Array.from({ length: 90 }, (_, number) => JSON.stringify(sampleText(number)))
  await writeFile(data, lines.join('\n'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** Many epochs, so that training takes seconds after its first checkpoint. */
const recipe = ['--base', 'small', '--method', 'partial', '--layers', '1', '--epochs', '12']

const argumentsFor = (name: string): string[] => [
  'train',
  '--data',
  data,
  '--name',
  name,
  ...recipe,
  '--batch',
  '4',
  '--patience',
  '12',
  '--checkpoint-every',
  '0.1',
]

/** Starts training, waits for its first checkpoint, ends it, and returns its output. */
async function interrupt(name: string, signal: NodeJS.Signals): Promise<string> {
  const child = spawn(process.execPath, ['cli.ts', ...argumentsFor(name)], {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = once(child, 'close')
  const runs = join(store, 'runs')
  await until(
    `a checkpoint of ${name}`,
    () =>
      existsSync(runs) &&
      readdirSync(runs).some(
        (run) => run.includes(name) && existsSync(join(runs, run, 'checkpoint')),
      ),
  )
  child.kill(signal)
  await ended
  return said
}

async function modelOf(stdout: string): Promise<Buffer> {
  const { modelDir } = JSON.parse(stdout) as { modelDir: string }
  return readFile(join(modelDir, 'model.onnx'))
}

it('ends in the same bytes', async () => {
  const unbroken = await withinProcess([...argumentsFor('unbroken'), '--json'], { env })
  expect(unbroken).toMatchObject({ status: 0 })
  const expected = await modelOf(unbroken.stdout)

  await interrupt('killed', 'SIGKILL')
  const other = ['train', '--resume', '--name', 'killed', '--epochs', '2']
  expect(await withinProcess(other, { env })).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('--epochs cannot be changed when a run is resumed') as string,
  })
  const resumed = await winnow(['train', '--resume', '--name', 'killed', '--json'], { env })
  expect(resumed, resumed.stderr).toMatchObject({ status: 0 })
  expect((await modelOf(resumed.stdout)).equals(expected)).toBe(true)

  const said = await interrupt('stopped', 'SIGINT')
  const run = /winnow train --resume (\S+)/.exec(said)?.[1] ?? said
  const text = await readFile(data, 'utf8')
  await writeFile(data, text.replace('refund', 'return'))
  expect(await withinProcess(['train', '--resume', run], { env })).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/the training data .*changed/) as string,
  })
  await writeFile(data, text)
  const after = await winnow(['train', '--resume', run, '--json'], { env, cwd: dir })
  expect(after, after.stderr).toMatchObject({ status: 0 })
  expect((await modelOf(after.stdout)).equals(expected)).toBe(true)
  expect(await withinProcess(['train', '--resume', run], { env })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is finished') as string,
  })
})

it.each([
  [['--batch-tokens', '20'], 'a whole number of at least 512'],
  [['--dropout', '1'], 'a number of at least 0 and below 1'],
  [['--layer-decay', '0'], 'a number above 0 and at most 1'],
  [['--schedule', 'steps'], 'Allowed choices are linear, cosine'],
  [['--clip', 'x'], 'a number above 0'],
])('refuses %s', async (wrong, words) => {
  const refused = await withinProcess([...argumentsFor('wrong'), ...wrong], { env })
  expect(refused).toMatchObject({ status: 2 })
  expect(refused.stderr).toContain(words)
})
