// The lines of `winnow doctor` about the provider that computes models: whether ONNX Runtime has
// it, and whether its device opens, each with what to do.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../configs/schema.ts'
import type { DoctorCheck } from '../../infra/local/machine-checks.ts'
import { deviceAdvice, type AskedDevice } from '../../models/devices/device.ts'
import type { DevicePrecision } from '../../models/devices/device-graph.ts'
import { halfGraph } from '../../models/devices/half-graph.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import * as op from '../../models/graph/tensors/operations.ts'
import { GraphBuilder } from '../../models/graph/tensors/tensor-graph.ts'
import { openEncoder } from '../../models/inference/text-encoder.ts'
import { findProvider } from '../../models/runtime/onnx-runtime.ts'
import { errorMessage } from '../../schemas/errors.ts'
import { deviceOf } from '../model.ts'

/** Checks the provider step by step; the device is opened with a graph of two operations. */
export async function checkProvider(config: Config['inference']): Promise<DoctorCheck[]> {
  const { provider, precision, fallback } = config
  const name = 'inference provider'
  if (provider === 'cpu') return [{ name, state: 'ok', detail: 'cpu' }]
  // With a fallback, Winnow runs without the device.
  const state = fallback === 'cpu' ? 'warn' : 'fail'
  const library = findProvider(provider)
  if (library.kind === 'unknown') {
    const here = `${process.platform}-${process.arch}`
    const detail = `ONNX Runtime has no ${provider} for ${here}`
    return [{ name, state, detail, fix: 'Set inference.provider to another one.' }]
  }
  if (library.kind === 'no file') {
    const detail = `${provider} is not installed: there is no ${library.path}`
    return [{ name, state, detail, fix: deviceAdvice({ provider, precision }) }]
  }
  const detail = library.kind === 'file' ? library.path : 'part of ONNX Runtime'
  const device = deviceOf({ ...config, workers: 1 })!
  return [{ name, state: 'ok', detail: `${provider}: ${detail}` }, await checkDevice(device, state)]
}

async function checkDevice(device: AskedDevice, failure: 'warn' | 'fail'): Promise<DoctorCheck> {
  const { provider, precision } = device
  const name = `device of ${provider}`
  const folder = await mkdtemp(join(tmpdir(), 'winnow-doctor-'))
  try {
    const modelPath = join(folder, 'model.onnx')
    await writeFile(modelPath, probe(precision))
    const noText = (): never => {
      throw new Error('a device is checked with ids')
    }
    const encoder = await openEncoder({
      modelPath,
      tokenizer: { encode: noText, encoding: noText },
      maxTokens: 8,
      workers: 1,
      device: { ...device, fallback: 'none' },
    })
    await encoder.close()
    return { name, state: 'ok', detail: `opens and computes in ${precision}` }
  } catch (error) {
    const detail = `${errorMessage(rootOf(error)).trim()} (precision ${precision})`
    return { name, state: failure, detail, fix: deviceAdvice(device) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The runtime's own error; the one around it names a model that the user does not know. */
function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error
}

/** A model: input_ids int32 [batch, tokens] -> embedding float32 [batch, tokens, 4]. */
function probe(precision: DevicePrecision): Uint8Array {
  const graph = new GraphBuilder()
  const ids = graph.input('input_ids', 'int32', ['batch', 'tokens'])
  const table = graph.constant('table', Float32Array.of(1, 2, 3, 4), [1, 4])
  const rows = op.gather(graph, table, ids)
  graph.output('embedding', op.add(graph, rows, rows))
  const plain = graph.finish()
  const own = precision === 'fp32' ? plain : halfGraph(plain, () => true)
  return writeOnnx(own, { name: 'probe' })
}
