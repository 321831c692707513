// What a session on a device needs beside the options of every session: the bytes of the graph that
// it runs, and the provider.
import type { InferenceSession } from 'onnxruntime-node'
import { writeOnnx } from '../graph/onnx/onnx-writer.ts'
import { readMappedModel } from '../graph/weights/mapped-weights.ts'
import { readDeviceGraph } from './device-graph.ts'
import type { Device } from './device.ts'

/**
 * The model at `modelPath` as the device runs it: rebuilt if it is a plain classifier of Winnow's,
 * else as it is. Throws as readMappedModel and readDeviceGraph.
 */
export async function readDeviceModel(
  modelPath: string,
  { precision }: Pick<Device, 'precision'>,
): Promise<Uint8Array> {
  const graph = await readDeviceGraph(modelPath, precision)
  return graph === undefined ? readMappedModel(modelPath) : writeOnnx(graph, { name: 'device' })
}

/**
 * The options of sessions on the device. Operators that it lacks run on the processor. All of the
 * runtime's optimisations apply, since its fused kernels are the faster ones on a GPU.
 */
export function deviceOptions({
  provider,
  deviceId,
}: Pick<Device, 'provider' | 'deviceId'>): Pick<
  InferenceSession.SessionOptions,
  'executionProviders' | 'graphOptimizationLevel'
> {
  const cuda = { name: 'cuda', deviceId } as const
  const executionProviders = {
    webgpu: ['webgpu'],
    cuda: [cuda],
    // TensorRT has no kernels for the fused operators of Microsoft's domain; CUDA has them.
    tensorrt: [{ name: 'tensorrt', deviceId } as const, cuda],
  }[provider] satisfies InferenceSession.SessionOptions['executionProviders']
  return { executionProviders, graphOptimizationLevel: 'all' }
}
