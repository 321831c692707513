// Loads TensorFlow.js and chooses the backend of its kernels. It owns which packages are tried, in
// what order, and the error when none is installed. All of the packages are optional, so none is
// loaded before it is needed.
import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import type * as TfjsCore from '@tensorflow/tfjs-core'
import { errorMessage, WinnowError } from '../../../schemas/errors.ts'

/** The module `@tensorflow/tfjs-core`. */
export type Tfjs = typeof TfjsCore

/** What runs the kernels: TensorFlow on a GPU, TensorFlow on the CPU, or WebAssembly. */
export type TfjsBackendName = 'tfjs-node-gpu' | 'tfjs-node' | 'wasm'

/** A started backend. */
export type TfjsBackend = {
  readonly tf: Tfjs
  readonly name: TfjsBackendName
  /** For users: the name and the features that it uses. */
  readonly description: string
  /** The most bytes that all tensors may take together; more fails as out of memory. */
  readonly bytesMax: number
}

/** Where packages are loaded from; tests pass a fake. */
export type PackageSource = {
  /** The main file of a package, or undefined when it is not installed. */
  readonly mainFile: (name: string) => string | undefined
  readonly load: (mainFile: string) => unknown
}

/** The parts of `@tensorflow/tfjs-backend-wasm` that are used. */
type WasmPackage = { readonly setWasmPaths: (dir: string) => void }

const core = '@tensorflow/tfjs-core'
const wasm = '@tensorflow/tfjs-backend-wasm'
/**
 * WebAssembly has 4 GiB of memory. The backend ignores failures of its allocator, and would then
 * overwrite the beginning of the memory. The last GiB is left for gaps and for the kernels' own
 * buffers.
 */
const wasmBytesMax = 3 * 2 ** 30
/** TensorFlow's native library; both packages register a backend with this name. */
const native = { backend: 'tensorflow', packages: ['tfjs-node-gpu', 'tfjs-node'] } as const

/**
 * Starts the best installed backend: `@tensorflow/tfjs-node-gpu`, `@tensorflow/tfjs-node`, else
 * WebAssembly. A thread has one TensorFlow.js and one backend.
 *
 * @throws WinnowError `engine_unavailable` when no backend is installed, or one fails to start.
 */
export async function openTfjs(source: PackageSource = installedPackages): Promise<TfjsBackend> {
  const tf = load(source, core) as Tfjs | undefined
  if (tf === undefined) throw notInstalled(core)
  for (const name of native.packages) {
    const scoped = `@tensorflow/${name}`
    if (load(source, scoped) === undefined) continue
    await startBackend(tf, { backend: native.backend, from: scoped })
    return { tf, name, description: `TensorFlow.js, ${name}`, bytesMax: Infinity }
  }
  const wasmPackage = load(source, wasm) as WasmPackage | undefined
  if (wasmPackage === undefined) throw notInstalled(wasm)
  wasmPackage.setWasmPaths(dirname(source.mainFile(wasm)!) + sep)
  await withoutNewListeners(() => startBackend(tf, { backend: 'wasm', from: wasm }))
  const [simd, threads] = [await flag(tf, 'SIMD'), await flag(tf, 'MULTITHREAD')]
  const uses = [simd ? 'SIMD' : 'no SIMD', threads ? 'threads' : 'one thread'].join(', ')
  return { tf, name: 'wasm', description: `TensorFlow.js, wasm (${uses})`, bytesMax: wasmBytesMax }
}

/** Throws `engine_unavailable`, like `openTfjs`, if a package is missing, but loads nothing. */
export function expectTfjsInstalled(source: PackageSource = installedPackages): void {
  const has = (name: string): boolean => source.mainFile(name) !== undefined
  if (!has(core)) throw notInstalled(core)
  const backends = [...native.packages.map((name) => `@tensorflow/${name}`), wasm]
  if (!backends.some(has)) throw notInstalled(wasm)
}

/** All the packages are CommonJS. */
const require = createRequire(import.meta.url)

const installedPackages: PackageSource = {
  mainFile(name) {
    try {
      return require.resolve(name)
    } catch {
      return undefined
    }
  },
  load: (mainFile) => require(mainFile) as unknown,
}

/** The module, or undefined when the package is not installed. */
function load(source: PackageSource, name: string): unknown {
  const mainFile = source.mainFile(name)
  if (mainFile === undefined) return undefined
  try {
    return source.load(mainFile)
  } catch (cause) {
    const message = `${name} is installed but failed to load: ${errorMessage(cause)}`
    throw new WinnowError('engine_unavailable', message, { cause, details: { package: name } })
  }
}

async function flag(tf: Tfjs, feature: 'SIMD' | 'MULTITHREAD'): Promise<boolean> {
  return (await tf.env().getAsync(`WASM_HAS_${feature}_SUPPORT`)) === true
}

function notInstalled(name: string): WinnowError {
  return new WinnowError(
    'engine_unavailable',
    `The engine tfjs needs ${name}, which is not installed. Run: npm install ${core} ${wasm} ` +
      '(or @tensorflow/tfjs-node or @tensorflow/tfjs-node-gpu instead of the second). ' +
      'The engine onnx needs no additional package.',
    { details: { package: name } },
  )
}

async function startBackend(
  tf: Tfjs,
  { backend, from }: { backend: string; from: string },
): Promise<void> {
  let started: boolean
  try {
    started = await tf.setBackend(backend)
  } catch (cause) {
    throw new WinnowError('engine_unavailable', `${from} failed to start.`, { cause })
  }
  if (!started) throw new WinnowError('engine_unavailable', `${from} failed to start.`)
}

/**
 * Removes the listeners that `work` adds to the process. The loader script of the WebAssembly file
 * listens for uncaught errors and throws them again, which would hide their origin.
 */
async function withoutNewListeners(work: () => Promise<void>): Promise<void> {
  const events = ['uncaughtException', 'unhandledRejection'] as const
  const before = events.map((event) => process.rawListeners(event))
  await work()
  for (const [i, event] of events.entries()) {
    for (const listener of process.rawListeners(event)) {
      if (before[i]!.includes(listener)) continue
      process.removeListener(event, listener as (...given: unknown[]) => void)
    }
  }
}
