// Builds infra/Dockerfile as a user does, but with Buildah and, unless told to pull, on a base
// image made here.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { Buildah } from './buildah.ts'
import { runProgram } from './program.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The version of Node in the default of the build argument NODE_IMAGE. */
export async function nodeOfDockerfile(): Promise<string> {
  const text = await readFile(join(root, 'infra/Dockerfile'), 'utf8')
  const version = /^ARG NODE_IMAGE=node:(\d+\.\d+\.\d+)-/m.exec(text)?.[1]
  if (version === undefined) throw new Error('infra/Dockerfile names no version of Node')
  return version
}

/**
 * Builds the image `name` on `base`, or on the image that the Dockerfile names, which is then
 * pulled.
 */
export async function buildImage(
  buildah: Buildah,
  options: {
    name: string
    base: string | undefined
    dir: string
    log: string
    signal: AbortSignal
  },
): Promise<void> {
  const { name, base, dir, log, signal } = options
  const npmrc = join(dir, 'npmrc')
  await writeFile(npmrc, await npmSettings(), { mode: 0o600 })
  try {
    await buildah.run(
      [
        'bud',
        '--format',
        'docker',
        '--isolation=chroot',
        '--network=host',
        ...(base === undefined ? [] : ['--pull-never', '--build-arg', `NODE_IMAGE=${base}`]),
        '--secret',
        `id=npmrc,src=${npmrc}`,
        '--tag',
        name,
        '--file',
        'infra/Dockerfile',
        '.',
      ],
      { cwd: root, log, signal },
    )
  } finally {
    await rm(npmrc)
  }
}

/** npm settings that name files or folders of this machine. */
const ofThisMachine = /^\s*(cafile|cache|prefix|nodedir|userconfig|globalconfig)\s*=/

/**
 * The user's npm settings as one file that works in a container: the registry, a proxy, and the
 * text of extra certificates.
 */
async function npmSettings(): Promise<string> {
  const setting = async (name: string) => {
    const value = (await runProgram('npm', ['config', 'get', name])).trim()
    return value === 'null' || value === 'undefined' ? '' : value
  }
  const own = await readFile(await setting('userconfig'), 'utf8').catch(() => '')
  const lines = own.split('\n').filter((line) => !ofThisMachine.test(line))
  for (const name of ['registry', 'proxy', 'https-proxy', 'noproxy']) {
    const value = await setting(name)
    if (value !== '') lines.push(`${name}=${value}`)
  }
  const authorities = await ownAuthorities(await setting('cafile'))
  lines.push(...authorities.map((text) => `ca[]="${text.replaceAll(/\r?\n/g, String.raw`\n`)}"`))
  return `${lines.join('\n')}\n`
}

/**
 * The extra certificates by which npm on this machine trusts a registry; empty if Node's own are
 * enough. A `cafile` replaces Node's own, NODE_EXTRA_CA_CERTS adds to them.
 */
async function ownAuthorities(cafile: string): Promise<string[]> {
  const extra = process.env['NODE_EXTRA_CA_CERTS'] ?? ''
  if (cafile !== '') return certificates(cafile)
  return extra === '' ? [] : [...rootCertificates, ...(await certificates(extra))]
}

async function certificates(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8')
  return text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
}
