// Jars run only if every byte matches the pinned hash. A shell script stands in for Maven.
import { createHash } from 'node:crypto'
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ensurePacks, packDir } from './pinned-jars.ts'
import type { JarPack } from './pinned-jars.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const contents = { 'runner.jar': 'the runner', 'lib/a.jar': 'library a' }
const pack: JarPack = {
  version: '1.2',
  files: Object.fromEntries(Object.entries(contents).map(([path, text]) => [path, sha256(text)])),
}

let dir: string
let stackDir: string

/** Puts a Maven on the PATH that copies `served` into the pack's folder and counts its runs. */
async function serve(served: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(served)) {
    const target = join(dir, 'served', 'program', path)
    await mkdir(join(target, '..'), { recursive: true })
    await writeFile(target, text)
  }
  const script = [
    '#!/bin/sh',
    'for argument; do case "$argument" in -DtargetDir=*) target="${argument#*=}";; esac; done',
    `echo run >> '${join(dir, 'runs')}'`,
    `cp -R '${join(dir, 'served')}/.' "$target"`,
  ]
  await mkdir(join(dir, 'bin'), { recursive: true })
  await writeFile(join(dir, 'bin', 'mvn'), `${script.join('\n')}\n`)
  await chmod(join(dir, 'bin', 'mvn'), 0o755)
}

const ensure = () => ensurePacks({ stackDir, pom: 'pom.xml', packs: { program: pack } })
const runs = async () => (await readFile(join(dir, 'runs'), 'utf8')).trim().split('\n').length

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-jars-'))
  stackDir = join(dir, 'stack')
  vi.stubEnv('PATH', [join(dir, 'bin'), process.env['PATH']].join(delimiter))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(dir, { recursive: true, force: true })
})

describe('a fetched pack', () => {
  it('is kept if every file matches, and fetched once', async () => {
    await serve(contents)
    await ensure()
    await ensure()
    const kept = packDir(stackDir, 'program', pack)
    expect(await readdir(stackDir)).toEqual([kept.slice(stackDir.length + 1)])
    expect(await readFile(join(kept, 'lib/a.jar'), 'utf8')).toBe('library a')
    expect(await runs()).toBe(1)
  })

  it.each([
    ['one wrong byte', { ...contents, 'lib/a.jar': 'library b' }, 'lib/a.jar has the SHA-256'],
    ['a missing file', { 'runner.jar': 'the runner' }, 'lib/a.jar is missing'],
    ['one extra file', { ...contents, 'lib/b.jar': 'b' }, 'lib/b.jar does not belong there'],
  ])('is refused for %s, and nothing of it is kept', async (_, served, finding) => {
    await serve(served)
    await expect(ensure()).rejects.toMatchObject({
      code: 'hash_mismatch',
      message: expect.stringContaining(finding) as string,
    })
    expect(await readdir(stackDir)).toEqual([])
  })
})

describe('a cached pack', () => {
  it('is refused before use if a byte changed, even if size and time are the same', async () => {
    await serve(contents)
    await ensure()
    const jar = join(packDir(stackDir, 'program', pack), 'lib/a.jar')
    const { atime, mtime } = await stat(jar)
    await writeFile(jar, 'library A')
    await utimes(jar, atime, mtime)
    await expect(ensure()).rejects.toMatchObject({
      code: 'hash_mismatch',
      message: expect.stringContaining('Remove the folder and run the command again') as string,
    })
    expect(await runs()).toBe(1)
  })

  it('is refused if a jar was added, since it would be on the class path', async () => {
    await serve(contents)
    await ensure()
    await writeFile(join(packDir(stackDir, 'program', pack), 'lib/aa.jar'), 'more')
    await expect(ensure()).rejects.toMatchObject({ code: 'hash_mismatch' })
  })

  it('has its own folder per set of hashes, so that each release of Winnow finds its own', () => {
    const other = { ...pack, files: { ...pack.files, 'lib/a.jar': sha256('library b') } }
    expect(packDir(stackDir, 'program', other)).not.toBe(packDir(stackDir, 'program', pack))
  })
})
