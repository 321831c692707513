// Finds ONNX Runtime: an installed onnxruntime-node of exactly the version that Winnow is tested
// with, or else the copy in the published package for Linux, which scripts/build.mjs puts into
// dist/. That copy has no install script and downloads nothing. session-options.ts configures
// sessions.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as Ort from 'onnxruntime-node'
import { WinnowError } from '../../schemas/errors.ts'

/** The required version, because only one build of the runtime gives reproducible bytes. */
export const onnxRuntimeVersion = '1.30.0'

/** The folder with the runtime's package.json, or why there is none for this platform. */
export type FoundRuntime =
  | { readonly kind: 'found'; readonly dir: string }
  | { readonly kind: 'missing'; readonly message: string }

/** Where to look for a runtime. */
export type RuntimeSearch = {
  /** A platform as Node names it, such as `linux-x64`. */
  readonly platform: string
  /**
   * The folder of the package `onnxruntime-node` that Node finds; undefined where it finds none.
   */
  readonly installedDir: string | undefined
  /** The folder of Winnow's own copy, which a checkout does not have. */
  readonly carriedDir: string
}

/**
 * Chooses the runtime; an installed one of the right version comes first, so users can replace it.
 */
export function findRuntime({ platform, installedDir, carriedDir }: RuntimeSearch): FoundRuntime {
  const isUsable = (dir: string) =>
    versionIn(dir) === onnxRuntimeVersion && hasLibrary(dir, platform)
  if (installedDir !== undefined && isUsable(installedDir)) {
    return { kind: 'found', dir: installedDir }
  }
  if (isUsable(carriedDir)) return { kind: 'found', dir: carriedDir }
  const message =
    `ONNX Runtime ${onnxRuntimeVersion} is missing for ${platform}. Run ` +
    `"npm install --ignore-scripts onnxruntime-node@${onnxRuntimeVersion}" where Winnow is installed.`
  return { kind: 'missing', message }
}

function versionIn(dir: string): string | undefined {
  const path = join(dir, 'package.json')
  if (!existsSync(path)) return undefined
  return (JSON.parse(readFileSync(path, 'utf8')) as { version?: string }).version
}

function hasLibrary(dir: string, platform: string): boolean {
  const [system = '', processor = ''] = platform.split('-')
  return existsSync(join(dir, 'bin', 'napi-v6', system, processor, 'onnxruntime_binding.node'))
}

const require = createRequire(import.meta.url)

function installedDir(): string | undefined {
  try {
    return dirname(dirname(require.resolve('onnxruntime-node')))
  } catch {
    return undefined // Not installed, as in most applications; they use the carried copy.
  }
}

type Runtime = Pick<typeof Ort, 'InferenceSession' | 'Tensor' | 'listSupportedBackends'>

function searchHere(): FoundRuntime {
  return findRuntime({
    platform: `${process.platform}-${process.arch}`,
    installedDir: installedDir(),
    carriedDir: fileURLToPath(new URL('../../onnxruntime-node', import.meta.url)),
  })
}

function loadRuntime(): Runtime {
  const found = searchHere()
  if (found.kind === 'found') return require(found.dir) as Runtime
  // Help pages and commands without a model still work. The first session reports what is missing.
  const create = () => Promise.reject(new WinnowError('prerequisite_missing', found.message))
  const { Tensor } = require('onnxruntime-common') as Runtime
  return { Tensor, InferenceSession: { create }, listSupportedBackends: () => [] }
}

const runtime = loadRuntime()

/** ONNX Runtime's sessions; `create` throws prerequisite_missing if there is no runtime. */
export const InferenceSession = runtime.InferenceSession
export type InferenceSession = Ort.InferenceSession

/** Whether ONNX Runtime has a provider here, such as `cuda`. */
export type ProviderLibrary =
  /** It was built with the provider. */
  | { readonly kind: 'built in' }
  /** It loads the provider from this file. */
  | { readonly kind: 'file' | 'no file'; readonly path: string }
  /** It does not know the provider on this platform. */
  | { readonly kind: 'unknown' }

/** Finds the library of a provider. It does not say whether a device is there. */
export function findProvider(name: string): ProviderLibrary {
  const found = searchHere()
  const listed = runtime.listSupportedBackends().find((each) => each.name === name)
  if (listed === undefined || found.kind === 'missing') return { kind: 'unknown' }
  if (listed.bundled) return { kind: 'built in' }
  const folder = join(found.dir, 'bin', 'napi-v6', process.platform, process.arch)
  const path = join(folder, `libonnxruntime_providers_${name}.so`)
  return { kind: existsSync(path) ? 'file' : 'no file', path }
}

/** ONNX Runtime's tensors. */
export const Tensor = runtime.Tensor
export type Tensor = Ort.Tensor
