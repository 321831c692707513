// Which backend is chosen from the installed packages, and the errors when none fits. The native
// packages are fakes here, because installing them downloads a library.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { expectTfjsInstalled, openTfjs, type PackageSource } from './tfjs-backend.ts'

const core = '@tensorflow/tfjs-core'

/** Fake packages by name; the core records which backends were requested. */
function installed(
  names: readonly string[],
  starts: (backend: string) => Promise<boolean> = () => Promise.resolve(true),
): { source: PackageSource; asked: string[] } {
  const asked: string[] = []
  const setBackend = (backend: string): Promise<boolean> => {
    asked.push(backend)
    return starts(backend)
  }
  const flags = { getAsync: (name: string) => Promise.resolve(name === 'WASM_HAS_SIMD_SUPPORT') }
  const packages: Record<string, unknown> = {
    [core]: { setBackend, env: () => flags },
    '@tensorflow/tfjs-node': {},
    '@tensorflow/tfjs-node-gpu': {},
    '@tensorflow/tfjs-backend-wasm': { setWasmPaths: (dir: string) => asked.push(dir) },
  }
  return {
    asked,
    source: {
      mainFile: (name) => (names.includes(name) ? `/packages/${name}/main.js` : undefined),
      load: (mainFile) => packages[mainFile.slice('/packages/'.length, -'/main.js'.length)],
    },
  }
}

describe('openTfjs', () => {
  it.each([
    [['tfjs-core', 'tfjs-backend-wasm', 'tfjs-node', 'tfjs-node-gpu'], 'tfjs-node-gpu'],
    [['tfjs-core', 'tfjs-backend-wasm', 'tfjs-node'], 'tfjs-node'],
  ])('of %j takes %s', async (names, expected) => {
    const { source, asked } = installed(names.map((name) => `@tensorflow/${name}`))
    expect(await openTfjs(source)).toMatchObject({
      name: expected,
      description: `TensorFlow.js, ${expected}`,
      bytesMax: Infinity,
    })
    expect(asked).toEqual(['tensorflow'])
  })

  it('otherwise chooses WebAssembly, from the folder of its package', async () => {
    const { source, asked } = installed([core, '@tensorflow/tfjs-backend-wasm'])
    expect(await openTfjs(source)).toEqual({
      tf: expect.anything() as unknown,
      name: 'wasm',
      bytesMax: 3 * 2 ** 30,
      description: 'TensorFlow.js, wasm (SIMD, one thread)',
    })
    expect(asked).toEqual(['/packages/@tensorflow/tfjs-backend-wasm/', 'wasm'])
  })

  it.each([
    ['nothing', [], core],
    ['the core alone', [core], '@tensorflow/tfjs-backend-wasm'],
  ])('says what to install when there is %s', async (_, names, missing) => {
    const { source } = installed(names)
    const refusal = {
      code: 'engine_unavailable',
      message: expect.stringMatching(/npm install @tensorflow\/tfjs-core/) as string,
      details: { package: missing },
    }
    await expect(openTfjs(source)).rejects.toMatchObject(refusal)
    expect(() => expectTfjsInstalled(source)).toThrow(expect.objectContaining(refusal))
  })

  it('does not silently fall back to a slower backend when an installed one fails to start', async () => {
    const all = [core, '@tensorflow/tfjs-node', '@tensorflow/tfjs-backend-wasm']
    const refusals = [() => Promise.resolve(false), () => Promise.reject(new Error('no library'))]
    for (const refusal of refusals) {
      await expect(openTfjs(installed(all, refusal).source)).rejects.toMatchObject({
        code: 'engine_unavailable',
        message: '@tensorflow/tfjs-node failed to start.',
      })
    }
  })

  it('names an installed package that fails to load', async () => {
    const { source } = installed([core, '@tensorflow/tfjs-node-gpu'])
    const load = (mainFile: string): unknown => {
      if (mainFile.includes('gpu')) throw new Error('libtensorflow is missing')
      return source.load(mainFile)
    }
    await expect(openTfjs({ ...source, load })).rejects.toMatchObject({
      code: 'engine_unavailable',
      message:
        '@tensorflow/tfjs-node-gpu is installed but failed to load: libtensorflow is missing',
    })
  })

  it('opens the installed backend, and leaves no listener on the process', async () => {
    const listeners = (): number =>
      process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection')
    const before = listeners()
    const backend = await openTfjs()
    expect(backend.tf.getBackend()).toBe(backend.name === 'wasm' ? 'wasm' : 'tensorflow')
    expect(backend.description).toMatch(
      /^TensorFlow.js, (wasm \((no )?SIMD, .*threads?\)|tfjs-node(-gpu)?)$/,
    )
    expect(listeners()).toBe(before)
  })

  it('is not loaded before it is needed', async () => {
    const script =
      "import { createRequire } from 'node:module'; await import('./trainers/encoder/fine-tuning.ts');" +
      "await import('./cli.ts'); const loaded = Object.keys(createRequire(import.meta.url).cache);" +
      "console.log(loaded.filter((path) => path.includes('@tensorflow')).length)"
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      script,
    ])
    expect(stdout.trim()).toBe('0')
  })
})
