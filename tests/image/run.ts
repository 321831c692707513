// Builds infra/Dockerfile and runs the image without a container engine: checks its content and
// each of its commands, with the settings of docker-compose.yml against an embedded stack, and that
// services end in order.
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cacheDir } from '../../configs/paths.ts'
import { withStoreLock } from '../../models/store/store-lock.ts'
import { checkContents } from './contents.ts'
import { ensureBaseImage } from './harness/base-image.ts'
import { buildImage, nodeOfDockerfile } from './harness/build.ts'
import { Buildah } from './harness/buildah.ts'
import { Checklist } from './harness/checklist.ts'
import { Compose } from './harness/compose.ts'
import { Container } from './harness/container.ts'
import { openGround, type Ground } from './harness/ground.ts'
import { missingPrerequisites } from './harness/prerequisites.ts'
import { checkServices } from './services.ts'

const help = `Usage: npm run test:image -- [--pull] [--fresh] [--keep]

Builds infra/Dockerfile with Buildah and runs what it built: --help, migrate, each stage and the gateway,
with the commands, settings and health checks of docker-compose.yml, as user 10001 on a read-only root,
against an embedded stack. It needs root, buildah and debootstrap; no container engine, and no registry of
images: the base image is made of Debian packages and of the Node that runs this command.

  --pull    build on the image that infra/Dockerfile names; Buildah pulls it, and debootstrap is not needed
  --fresh   make the base image again; else the one of an earlier run is used
  --keep    keep the image that was built; the last line says how to reach it

Examples:
  npm run test:image
  npm run test:image -- --pull
`

const image = 'localhost/winnow-stream:test'

type Options = { pull: boolean; fresh: boolean; keep: boolean }
type Run = {
  buildah: Buildah
  dir: string
  list: Checklist
  options: Options
  /** Aborted by SIGINT or SIGTERM, so that everything that was started is ended in order. */
  signal: AbortSignal
}

async function main(): Promise<void> {
  const options = parseOptions()
  if (options === undefined) return
  const problems = missingPrerequisites({ needsBase: !options.pull })
  if (problems.length > 0) throw new Error(problems.join('\ntest:image: '))
  const stopped = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => stopped.abort(new Error(`stopped by ${name}`)))
  }
  const { signal } = stopped
  const dir = join(cacheDir(), 'test-image')
  const buildah = await Buildah.open(dir)
  const list = new Checklist({ write, signal })
  const beganMs = performance.now()
  await withStoreLock({ path: join(dir, 'run.lock'), waitMsMax: 1_000 }, async () => {
    // Left by a killed run, or by an image whose name was reused.
    await buildah.run(['rm', '--all'])
    await buildah.run(['rmi', '--prune'])
    try {
      await testImage({ buildah, dir, list, options, signal })
    } finally {
      if (!options.keep && (await buildah.hasImage(image))) await buildah.run(['rmi', image])
    }
  })
  signal.throwIfAborted()
  if (options.keep) write(`the image: buildah ${buildah.global.join(' ')} from ${image}`)
  const seconds = ((performance.now() - beganMs) / 1_000).toFixed(0)
  write(`${seconds} s in all; ${join(dir, 'build.log')} is the log of the build`)
  write(list.summary())
  if (list.failed > 0) process.exitCode = 1
}

/** Undefined if there is nothing to do but print help. */
function parseOptions(): Options | undefined {
  const flag = { type: 'boolean', default: false } as const
  try {
    const { values } = parseArgs({ options: { pull: flag, fresh: flag, keep: flag, help: flag } })
    if (!values.help) return values
    write(help.trimEnd())
  } catch (error) {
    process.stderr.write(`test:image: ${(error as Error).message}\n`)
    process.exitCode = 2
  }
  return undefined
}

async function testImage(run: Run): Promise<void> {
  const { buildah, dir, list, options, signal } = run
  const log = join(dir, 'build.log')
  await rm(log, { force: true })
  let base: string | undefined
  if (!options.pull) {
    const isThere = await list.check('a base image is there', async () => {
      const nodeVersion = await nodeOfDockerfile()
      const remake = options.fresh ? 'always' : 'if-missing'
      base = await ensureBaseImage(buildah, { nodeVersion, dir, log, remake, signal })
      return base
    })
    if (!isThere) return
  }
  const isBuilt = await list.check('infra/Dockerfile is built', async () => {
    await buildImage(buildah, { name: image, base, dir, log, signal })
    const size = ['images', '--format', '{{.Size}}']
    const whole = await buildah.run([...size, image])
    if (base === undefined) return whole
    return `${whole}, ${await buildah.run([...size, base])} of them its base`
  })
  if (isBuilt) await runImage(run)
}

async function runImage({ buildah, list, signal }: Run): Promise<void> {
  const container = await Container.open(buildah, image)
  let ground: Ground | undefined
  try {
    await checkContents(list, container)
    const [uid, gid] = container.config.User.split(':').map(Number)
    await list.check('an embedded stack and a model are there', async () => {
      ground = await openGround({ uid: uid!, gid: gid! })
    })
    if (ground === undefined) return
    const compose = new Compose({ image: container.config, places: ground.places })
    const aborted = once(signal, 'abort')
    await Promise.race([checkServices({ list, container, compose, ground }), aborted])
  } finally {
    await container.close()
    await ground?.close()
  }
}

function write(line: string): void {
  process.stdout.write(`${line}\n`)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`test:image: ${(error as Error).message}\n`)
  // A running check may still wait for something that is gone.
  process.exit(1)
}
