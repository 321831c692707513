// A device beside the processor that computes a model, and what suits each provider when the
// configuration leaves it open. The figures for devices are estimates: docs/gpu.md says how to
// measure your own.
import type { DeviceProvider, ExecutionProvider } from '../../configs/execution-provider.ts'
import { onnxRuntimeVersion } from '../runtime/onnx-runtime.ts'
import type { DevicePrecision } from './device-graph.ts'

/** The device that computes a model. */
export type Device = {
  readonly provider: DeviceProvider
  /** Number of the GPU; only for CUDA and TensorRT. */
  readonly deviceId: number
  readonly precision: DevicePrecision
}

/** The device that a model is to be opened on, and what happens if that fails. */
export type AskedDevice = Device & {
  /** Threads, in place of those for the processor. */
  readonly workers: number
  /** `none`: opening fails. `cpu`: the processor computes the model. */
  readonly fallback: 'none' | 'cpu'
  /** Called with a sentence when the processor takes over. */
  readonly onFallback?: ((message: string) => void) | undefined
}

/** Limits of batches and threads of a provider. */
export type ProviderLimits = {
  readonly batchTokens: number
  readonly batchTextsMax: number
  /** Threads with a session each; undefined stands for one per core. */
  readonly workers: number | undefined
}

/**
 * A GPU needs large batches to be busy. WebGPU runs one batch at a time in a process, so a second
 * thread would only wait; CUDA overlaps two, because one copies while the other computes.
 */
export const providerLimits: Readonly<Record<ExecutionProvider, ProviderLimits>> = {
  cpu: { batchTokens: 512, batchTextsMax: 64, workers: undefined },
  webgpu: { batchTokens: 4_096, batchTextsMax: 256, workers: 1 },
  cuda: { batchTokens: 16_384, batchTextsMax: 512, workers: 2 },
  tensorrt: { batchTokens: 16_384, batchTextsMax: 512, workers: 1 },
}

const needs: Readonly<Record<DeviceProvider, string>> = {
  webgpu:
    'WebGPU needs a GPU with its driver; on Linux also the Vulkan loader (Debian: apt-get install ' +
    'libvulkan1 mesa-vulkan-drivers).',
  cuda:
    'CUDA needs Linux on x64, an NVIDIA driver, CUDA 12 with cuDNN 9, and the libraries that the ' +
    `install script of onnxruntime-node@${onnxRuntimeVersion} adds (docs/gpu.md).`,
  tensorrt:
    'TensorRT needs all that CUDA needs (docs/gpu.md) and the libraries of TensorRT 10 on the ' +
    'path of the linker.',
}

/** What to do about a provider that does not work, in sentences. */
export function deviceAdvice({
  provider,
  precision,
}: Pick<Device, 'provider' | 'precision'>): string {
  const half = 'A GPU without 16-bit numbers needs inference.precision fp32.'
  return precision === 'fp16' ? `${needs[provider]} ${half}` : needs[provider]
}
