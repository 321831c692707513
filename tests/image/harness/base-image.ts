// Makes the image that infra/Dockerfile starts from, without an image registry: Debian by
// debootstrap from apt's mirror, the Node that runs this program, and npm from its package. It is
// kept between runs.
import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, readFile, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Buildah } from './buildah.ts'
import { runProgram } from './program.ts'

const release = 'bookworm'
/** npm of the major version that comes with Node 24, pinned by its hash. */
const npm = {
  version: '11.21.2',
  sha512:
    '7HPApk+AflMUavSseL1Pm6CnYqMIHk53x+KmuhqmTDqPkjPMgxIpTPcTqsE91EKNw4gFBJV9fnXiSdGm1DXq9A==',
}

/**
 * The name of the base image; makes the image if `buildah` does not have it.
 *
 * @throws Error if apt names no mirror of Debian, or this Node is not `nodeVersion`.
 */
export async function ensureBaseImage(
  buildah: Buildah,
  options: {
    nodeVersion: string
    dir: string
    log: string
    remake: 'always' | 'if-missing'
    signal: AbortSignal
  },
): Promise<string> {
  const { nodeVersion, dir, log, remake, signal } = options
  const name = `localhost/winnow-test-base:${release}-node${nodeVersion}-npm${npm.version}`
  if (remake === 'if-missing' && (await buildah.hasImage(name))) return name
  if (process.versions.node !== nodeVersion) {
    throw new Error(
      `The image is built on Node ${nodeVersion} and this is Node ${process.versions.node}: run ` +
        '`npm run setup`, then `npm run test:image`, which uses the Node of the npm package.',
    )
  }
  const root = join(dir, 'base')
  await rm(root, { recursive: true, force: true })
  await mkdir(root, { recursive: true })
  try {
    await installDebian(root, { log, signal })
    await installNode(root, dir)
    await importRoot(buildah, root, name)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
  return name
}

async function installDebian(
  root: string,
  options: { log: string; signal: AbortSignal },
): Promise<void> {
  const mirror = await debianMirror()
  const proxy = await aptProxy()
  // Without a keyring debootstrap would only warn.
  await runProgram(
    'debootstrap',
    ['--variant=minbase', '--force-check-gpg', release, root, mirror],
    { ...options, env: { ...process.env, ...(proxy === '' ? {} : { http_proxy: proxy }) } },
  )
  // Debian's slim image leaves these out too.
  const documents = ['doc', 'info', 'locale', 'man'].map((name) => `usr/share/${name}`)
  for (const path of ['var/cache/apt', 'var/lib/apt/lists', ...documents]) {
    await rm(join(root, path), { recursive: true, force: true })
  }
}

/** The first Debian mirror in this machine's apt configuration. */
async function debianMirror(): Promise<string> {
  const format = '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)'
  const text = await runProgram('apt-get', [
    'indextargets',
    '--format',
    format,
    'Created-By: Packages',
  ])
  for (const line of text.split('\n')) {
    const [origin, label, component, uri] = line.split('|')
    const isDebian = origin === 'Debian' && label === 'Debian' && component === 'main'
    if (isDebian && /^(https?|file):/.test(uri!)) return uri!
  }
  throw new Error(
    'apt on this machine names no mirror of Debian: run `apt-get update` on Debian, or use --pull ' +
      'where the image of infra/Dockerfile can be pulled.',
  )
}

/** The HTTP proxy that apt uses; empty for none. */
async function aptProxy(): Promise<string> {
  const text = await runProgram('apt-config', ['dump', '--format', '%v', 'Acquire::http::Proxy'])
  return text.trim() === 'DIRECT' ? '' : text.trim()
}

async function installNode(root: string, dir: string): Promise<void> {
  const node = join(root, 'usr/local/bin/node')
  await copyFile(process.execPath, node)
  await chmod(node, 0o755)
  const spec = `npm@${npm.version}`
  const file = (await runProgram('npm', ['pack', spec, '--silent'], { cwd: dir })).trim()
  const sha512 = createHash('sha512')
    .update(await readFile(join(dir, file)))
    .digest('base64')
  if (sha512 !== npm.sha512)
    throw new Error(`${spec} has the SHA-512 ${sha512}, not the pinned one`)
  const target = join(root, 'usr/local/lib/node_modules/npm')
  await mkdir(target, { recursive: true })
  await runProgram('tar', ['xzf', join(dir, file), '--strip-components=1', '-C', target])
  await rm(join(dir, file))
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'))
}

async function importRoot(buildah: Buildah, root: string, name: string): Promise<void> {
  const container = await buildah.run(['from', 'scratch'])
  await buildah.run(['add', '--quiet', container, root, '/'])
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  await buildah.run(['config', '--env', `PATH=${path}`, container])
  await buildah.run(['commit', '--quiet', '--rm', container, name])
}
