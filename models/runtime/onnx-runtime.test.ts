// Which ONNX Runtime is used: an installed one of the right version, else the carried one, else
// none.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findProvider, findRuntime, onnxRuntimeVersion } from './onnx-runtime.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'winnow-runtime-'))
})
afterEach(() => rm(root, { recursive: true }))

/** A folder as npm leaves it, with libraries for the platforms. */
async function runtime(name: string, version: string, platforms: string[]): Promise<string> {
  const dir = join(root, name)
  for (const platform of platforms) {
    const folder = join(dir, 'bin', 'napi-v6', ...platform.split('-'))
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'onnxruntime_binding.node'), '')
  }
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'package.json'), JSON.stringify({ version }))
  return dir
}

describe('findRuntime', () => {
  it('prefers an installed runtime of exactly the version', async () => {
    const installedDir = await runtime('installed', onnxRuntimeVersion, ['linux-x64'])
    const carriedDir = await runtime('carried', onnxRuntimeVersion, ['linux-x64'])
    const search = { platform: 'linux-x64', installedDir, carriedDir }
    expect(findRuntime(search)).toEqual({ kind: 'found', dir: installedDir })
  })

  it.each([
    ['has another version', '1.20.0', ['linux-x64']],
    ['has no library for the platform', onnxRuntimeVersion, ['darwin-arm64']],
  ])('takes the carried one where the installed one %s', async (_, version, platforms) => {
    const installedDir = await runtime('installed', version, platforms)
    const carriedDir = await runtime('carried', onnxRuntimeVersion, ['linux-x64'])
    const search = { platform: 'linux-x64', installedDir, carriedDir }
    expect(findRuntime(search)).toEqual({ kind: 'found', dir: carriedDir })
  })

  it('says what to install for a platform that the package does not carry', async () => {
    const carriedDir = await runtime('carried', onnxRuntimeVersion, ['linux-x64', 'linux-arm64'])
    const search = { platform: 'darwin-arm64', installedDir: undefined, carriedDir }
    expect(findRuntime(search)).toMatchObject({
      kind: 'missing',
      message: expect.stringContaining(
        `npm install --ignore-scripts onnxruntime-node@${onnxRuntimeVersion}`,
      ) as string,
    })
  })
})

describe('findProvider', () => {
  it('tells built-in providers, those in a file, and unknown ones', () => {
    expect(findProvider('cpu')).toEqual({ kind: 'built in' })
    expect(findProvider('none')).toEqual({ kind: 'unknown' })
    const path = expect.stringMatching(/libonnxruntime_providers_cuda\.so$/) as string
    const kind = expect.stringMatching(/^(?:no )?file$/) as string
    if (`${process.platform}-${process.arch}` === 'linux-x64') {
      expect(findProvider('cuda')).toEqual({ kind, path })
    }
  })
})
