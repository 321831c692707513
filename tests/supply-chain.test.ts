// Everything that is downloaded and run is pinned by hash: npm packages, jars, base encoders.
// containers.test.ts and dockerfile.test.ts check images and their installs;
// infra/local/services/pinned-jars.test.ts checks that a wrong jar is refused.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { JarPack } from '../infra/local/services/pinned-jars.ts'
import { baseCatalog } from '../models/bases/base-catalog.ts'
import { onnxRuntimeVersion } from '../models/runtime/onnx-runtime.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const sha256 = /^[0-9a-f]{64}$/

describe('package-lock.json', () => {
  type Package = {
    integrity?: string
    resolved?: string
    link?: boolean
    hasInstallScript?: boolean
    dev?: boolean
  }
  const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Package> }
  const packages = Object.entries(lock.packages)
  const ofRegistry = packages.filter(
    ([path, { link }]) => path.includes('node_modules/') && link !== true,
  )

  it('pins each package of a registry by SHA-512, and names no address', () => {
    expect(ofRegistry.length).toBeGreaterThan(500)
    const unpinned = ofRegistry.filter(
      ([, { integrity = '' }]) => !/^sha512-[\w+/]{86}==$/.test(integrity),
    )
    expect(unpinned).toEqual([])
    expect(ofRegistry.filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
  })

  it('links to folders of the repository only', () => {
    const links = packages.flatMap(([, { link, resolved }]) => (link === true ? [resolved!] : []))
    const ours = ['scripts/engine-not-pinned', 'scripts/node-lowest', 'scripts/node-runtime']
    expect([...new Set(links)].sort()).toEqual(ours)
    const folders = packages.map(([path]) => path).filter((path) => !path.includes('node_modules/'))
    expect(folders.sort()).toEqual(['', ...ours])
    for (const folder of folders.slice(1)) {
      const { scripts } = JSON.parse(read(join(folder, 'package.json'))) as { scripts?: object }
      expect(scripts).toBeUndefined()
    }
  })

  it('lets no install script run, whichever npm reads it and with whatever flags', () => {
    // npm 10 to 12 run the scripts of marked packages, and npm marks what it adds to the file.
    // Remove the mark if a package does not need its script, and name the package in allowScripts.
    expect(ofRegistry.filter(([, { hasInstallScript }]) => hasInstallScript === true)).toEqual([])
    const { allowScripts } = JSON.parse(read('package.json')) as { allowScripts: object }
    const others = {
      '@scarf/scarf': false,
      chdb: false,
      deno: false,
      'onnxruntime-node': false,
      protobufjs: false,
    }
    expect(allowScripts).toEqual(others)
    expect(read('scripts/bootstrap.mjs')).toMatch(/\['ci', '--ignore-scripts'/)
  })

  it('has no package with an install script among those that the published package brings', () => {
    const shipped = ofRegistry.filter(([, { dev = false }]) => !dev)
    const names = shipped.map(([path]) => path.split('node_modules/').at(-1))
    expect(names.length).toBeGreaterThan(100)
    for (const name of ['@scarf/scarf', 'chdb', 'deno', 'onnxruntime-node', 'protobufjs'])
      expect(names).not.toContain(name)
  })
})

describe('ONNX Runtime', () => {
  it('is carried at the version that is pinned, with its licence', () => {
    const manifest = JSON.parse(read('package.json')) as {
      dependencies: Record<string, string>
      devDependencies: Record<string, string>
    }
    expect(manifest.devDependencies['onnxruntime-node']).toBe(onnxRuntimeVersion)
    expect(manifest.dependencies['onnxruntime-common']).toBe(onnxRuntimeVersion)
    expect(read('scripts/onnxruntime-license.txt')).toContain('MIT License')
  })
})

const poms = [
  { pom: 'infra/local/pom.xml', hashes: 'infra/local/jar-hashes.json' },
  { pom: 'tests/support/s3-server.pom.xml', hashes: 'tests/support/s3-server-hashes.json' },
]

describe.each(poms)('$pom', ({ pom, hashes }) => {
  const text = read(pom)
  const properties = new Map(
    [...text.matchAll(/<([\w.]+\.version)>([^<]+)</g)].map((match) => [match[1]!, match[2]!]),
  )
  const artifacts = [
    ...text.matchAll(
      /<artifactId>([^<]+)<\/artifactId>\s*<version>([^<]+)<\/version>(\s*<type>pom)?/g,
    ),
  ].map((match) => ({
    artifact: match[1]!,
    isPom: match[3] !== undefined,
    version: match[2]!.replace(/\$\{([^}]+)\}/, (_, name: string) => properties.get(name)!),
  }))
  const packs = JSON.parse(read(hashes)) as Record<string, JarPack>
  const files = Object.values(packs).flatMap((pack) => Object.entries(pack.files))

  it('has a SHA-256 for every file that it fetches', () => {
    expect(files.length).toBeGreaterThan(0)
    expect(files.filter(([, digest]) => !sha256.test(digest))).toEqual([])
  })

  it('names exact releases, and each of them is among the hashes (npm run lock:jars)', () => {
    const ours = ['local-stack', 'test-s3-server', 'maven-dependency-plugin']
    const named = artifacts.filter(({ artifact, isPom }) => !isPom && !ours.includes(artifact))
    expect(named.length).toBeGreaterThan(0)
    for (const { artifact, version } of named) {
      const isThere = files.some(([path]) =>
        path.split('/').at(-1)!.startsWith(`${artifact}-${version}`),
      )
      expect(isThere, `${artifact} ${version}`).toBe(true)
    }
    for (const { version } of artifacts) expect(version).toMatch(/^\d[\w.-]*$/)
  })

  it('pins the one plugin that runs, as everywhere', () => {
    const plugins = artifacts.filter(({ artifact }) => artifact.endsWith('-plugin'))
    expect(plugins.map(({ artifact }) => artifact)).toEqual(['maven-dependency-plugin'])
    expect(read('models/bases/maven-artifact.ts')).toContain(
      `maven-dependency-plugin:${plugins[0]!.version}`,
    )
  })
})

describe('the base encoders', () => {
  const sources = baseCatalog.flatMap(({ name, sources: all }) =>
    all.map((source) => ({ name, source })),
  )

  it.each(sources)('$name: $source.kind has hashes and a fixed revision', ({ source }) => {
    for (const file of [source.model, source.tokenizer]) {
      expect(file.sha256).toMatch(sha256)
      expect(file.bytes).toBeGreaterThan(0)
    }
    if (source.kind === 'hub') expect(source.revision).toMatch(/^[0-9a-f]{40}$/)
    if (source.kind === 'maven') expect(source.artifact).toMatch(/^[\w.-]+:[\w.-]+:\d[\w.-]*$/)
  })
})
