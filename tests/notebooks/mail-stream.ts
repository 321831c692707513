// What the notebooks work on: a model store of their own and, for those that query, the embedded
// stack with rows of mails that a spam filter has classified.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelStoreDir } from '../../configs/paths.ts'
import { demoMails } from '../../library/demo-mails.ts'
import { query } from '../../library/query.ts'
import { train } from '../../library/train.ts'
import { startWinnow, winnow, type Environment } from '../support/cli.ts'
import { until } from '../support/until.ts'

/** Mails to train on, and as many others to stream. */
const mailsOfEach = 400
/** Few tokens, so that the mails take seconds. */
const maxTokens = 64

export type MailStream = {
  readonly dir: string
  /** For the kernel of a notebook. */
  readonly env: Environment
  close(): Promise<void>
}

/**
 * Makes the model store. With `withRows` it also starts the stack, trains the model `mail` and
 * streams mails into ClickHouse. The caller closes it.
 */
export async function openMailStream({ withRows }: { withRows: boolean }): Promise<MailStream> {
  const dir = await mkdtemp(join(tmpdir(), 'winnow-notebooks-'))
  const env = {
    WINNOW_STATE: join(dir, 'state'),
    WINNOW_MODEL_STORE: join(dir, 'models'),
    WINNOW_LOCAL_KAFKA_PORT: '0',
    WINNOW_LOCAL_REGISTRY_PORT: '0',
    WINNOW_LOCAL_ANALYTICS_PORT: '0',
  }
  const close = async (): Promise<void> => {
    if (withRows) await winnow(['down'], { env, cwd: dir })
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await mkdir(env.WINNOW_MODEL_STORE)
    await symlink(join(modelStoreDir(), 'bases'), join(env.WINNOW_MODEL_STORE, 'bases'))
    if (withRows) {
      await succeed(['up'], { env, cwd: dir })
      await streamMails({ dir, env })
    }
    return { dir, env, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function streamMails({ dir, env }: { dir: string; env: Environment }): Promise<void> {
  const here = { stateDir: env['WINNOW_STATE'], storeDir: env['WINNOW_MODEL_STORE'] }
  const mails = await demoMails({ limit: 2 * mailsOfEach })
  const data = mails.filter((_, number) => number % 2 === 0)
  await train({ ...here, data, name: 'mail', maxTokens })
  const streamed = mails.filter((_, number) => number % 2 === 1)
  const events = streamed.map(({ attributes, ...mail }) => ({ ...mail, ...attributes }))
  const file = join(dir, 'events.jsonl')
  await writeFile(file, events.map((event) => JSON.stringify(event)).join('\n'))
  const stream = await startWinnow(['stream', '--model', 'mail'], { env, cwd: dir })
  try {
    await succeed(['produce', '--data', file], { env, cwd: dir })
    const sql = 'SELECT count() AS n FROM classifications'
    await until(
      'every mail has a row',
      async () => (await query<{ n: number }>(sql, here)).rows[0]!.n === events.length,
      180_000,
    )
  } finally {
    await stream.stop()
  }
}

async function succeed(
  args: readonly string[],
  options: { env: Environment; cwd: string },
): Promise<void> {
  const { status, stderr } = await winnow(args, options)
  if (status !== 0) throw new Error(`winnow ${args.join(' ')} ended with ${status}: ${stderr}`)
}
