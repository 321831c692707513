// Builds infra/Dockerfile and runs the image, without a container engine: what is in it, each of its commands
// with the settings of docker-compose.yml against an embedded stack, and an orderly end.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cacheDir } from '../../configs/paths.ts'
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

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      pull: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    write(help.trimEnd())
    return
  }
  const problems = missingPrerequisites({ needsBase: !values.pull })
  if (problems.length > 0) {
    for (const problem of problems) process.stderr.write(`test:image: ${problem}\n`)
    process.exitCode = 1
    return
  }
  const dir = join(cacheDir(), 'test-image')
  const buildah = await Buildah.open(dir)
  const list = new Checklist(write)
  const beganMs = performance.now()
  try {
    await testImage({ buildah, dir, list, options: values })
  } finally {
    if (!values.keep && (await buildah.hasImage(image))) await buildah.run(['rmi', image])
  }
  if (values.keep) write(`the image: buildah ${buildah.global.join(' ')} from ${image}`)
  write(
    `${((performance.now() - beganMs) / 1_000).toFixed(0)} s in all; the build's log: ${join(dir, 'build.log')}`,
  )
  write(list.summary())
  if (list.failed > 0) process.exitCode = 1
}

async function testImage(parts: {
  buildah: Buildah
  dir: string
  list: Checklist
  options: Options
}): Promise<void> {
  const { buildah, dir, list, options } = parts
  const log = join(dir, 'build.log')
  await rm(log, { force: true })
  let base: string | undefined
  const hasBase = await list.check('a base image is there', async () => {
    if (options.pull) return 'pulled by the build'
    const remake = options.fresh ? 'always' : 'if-missing'
    base = await ensureBaseImage(buildah, {
      nodeVersion: await nodeOfDockerfile(),
      dir,
      log,
      remake,
    })
    return base
  })
  const isBuilt =
    hasBase &&
    (await list.check('infra/Dockerfile is built', async () => {
      await buildImage(buildah, { name: image, base, dir, log })
      const size = ['images', '--format', '{{.Size}}']
      const whole = await buildah.run([...size, image])
      const below =
        base === undefined ? '' : `, ${await buildah.run([...size, base])} of them its base`
      return `${whole}${below}`
    }))
  if (isBuilt) await runImage(buildah, list)
}

async function runImage(buildah: Buildah, list: Checklist): Promise<void> {
  const container = await Container.open(buildah, image)
  const stop = stopOnSignal()
  try {
    await checkContents(list, container)
    const [uid, gid] = container.config.User.split(':').map(Number)
    let ground: Ground | undefined
    try {
      await list.check('an embedded stack and a model are there', async () => {
        ground = await openGround({ uid: uid!, gid: gid! })
      })
      if (ground === undefined) return
      const compose = new Compose({ image: container.config, places: ground.places })
      await Promise.race([checkServices({ list, container, compose, ground }), stop.asked])
    } finally {
      await container.endAll()
      await ground?.close()
    }
  } finally {
    await container.close()
    stop.forget()
  }
}

/** `asked` rejects at SIGINT or SIGTERM, so that everything that was started is ended in order. */
function stopOnSignal(): { asked: Promise<never>; forget: () => void } {
  const { promise: asked, reject } = Promise.withResolvers<never>()
  const onSignal = (signal: NodeJS.Signals) => reject(new Error(`stopped by ${signal}`))
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  asked.catch(() => undefined)
  const forget = () => {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
  return { asked, forget }
}

function write(line: string): void {
  process.stdout.write(`${line}\n`)
}

await main()
