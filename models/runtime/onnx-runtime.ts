// Finds ONNX Runtime: the package onnxruntime-node of exactly the version that Winnow is tested
// with, where Node finds one, else the copy that the published package carries for Linux
// (scripts/build.mjs puts it into dist/). That copy runs no install script and fetches nothing. It
// owns no session: session-options.ts does.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as Ort from 'onnxruntime-node'
import { WinnowError } from '../../schemas/errors.ts'

/**
 * The one version: the same text and model give the same bytes on one build of the runtime only.
 */
export const onnxRuntimeVersion = '1.30.0'

/** A runtime's folder, that of its package.json, or why there is none for this platform. */
export type FoundRuntime =
  | { readonly kind: 'found'; readonly dir: string }
  | { readonly kind: 'missing'; readonly message: string }

/** Where a runtime is looked for. */
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

/** Chooses the runtime: an installed one of the right version first, so that it can be replaced. */
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
    return undefined // Not installed, as in most applications: the carried copy is for them.
  }
}

type Runtime = Pick<typeof Ort, 'InferenceSession' | 'Tensor'>

function loadRuntime(): Runtime {
  const found = findRuntime({
    platform: `${process.platform}-${process.arch}`,
    installedDir: installedDir(),
    carriedDir: fileURLToPath(new URL('../../onnxruntime-node', import.meta.url)),
  })
  if (found.kind === 'found') return require(found.dir) as Runtime
  // Help pages and commands without a model work all the same; the first session says what is
  // missing.
  const create = () => Promise.reject(new WinnowError('prerequisite_missing', found.message))
  const { Tensor } = require('onnxruntime-common') as Runtime
  return { Tensor, InferenceSession: { create } }
}

const runtime = loadRuntime()

/**
 * ONNX Runtime's sessions; `create` throws prerequisite_missing where this platform has no runtime.
 */
export const InferenceSession = runtime.InferenceSession
export type InferenceSession = Ort.InferenceSession

/** ONNX Runtime's tensors. */
export const Tensor = runtime.Tensor
export type Tensor = Ort.Tensor
