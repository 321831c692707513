// What goes into the layers of a graph: runs it on texts and keeps a sample of the inputs of some
// products. quantise-linear.ts chooses scales from it.
import { InferenceSession, Tensor } from '../../runtime/onnx-runtime.ts'
import { sessionOptions } from '../../runtime/session-options.ts'
import { writeOnnx } from '../onnx/onnx-writer.ts'
import * as op from '../tensors/operations.ts'
import { GraphBuilder } from '../tensors/tensor-graph.ts'

/** Texts of one length: ids int32 [batch, tokens]. */
export type Batch = { readonly ids: Int32Array; readonly dims: readonly [number, number] }

/** Rows that are kept of each input; they bound the memory, 25 MB for 1,536 channels. */
const rowsMax = 4_096
/** Tokens of texts that run together. */
const batchTokensMax = 512

/** Texts, token ids int32 [tokens] each, in batches of one length. */
export function batchesOf(texts: readonly Int32Array[]): readonly Batch[] {
  const batches: Batch[] = []
  for (const [tokens, members] of Map.groupBy(texts, ({ length }) => length)) {
    const size = Math.max(1, Math.floor(batchTokensMax / tokens))
    for (let start = 0; start < members.length; start += size) {
      const part = members.slice(start, start + size)
      const ids = new Int32Array(part.length * tokens)
      for (const [index, member] of part.entries()) ids.set(member, index * tokens)
      batches.push({ ids, dims: [part.length, tokens] })
    }
  }
  return batches
}

/**
 * Runs a model with the inputs `input_ids` and, if it has it, `lengths`. Of each output it keeps
 * rows that are evenly chosen from all tokens: float32 [rows, width]. An output that is not
 * float32 [batch, tokens, width] is left out.
 */
export async function sampleRows(
  model: Uint8Array,
  { outputs, batches }: { outputs: readonly string[]; batches: readonly Batch[] },
): Promise<ReadonlyMap<string, { rows: Float32Array; width: number }>> {
  const tokens = batches.reduce((sum, { ids }) => sum + ids.length, 0)
  const every = Math.max(1, Math.ceil(tokens / rowsMax))
  const session = await InferenceSession.create(model, sessionOptions)
  const samples = new Map<string, { rows: Float32Array; width: number }>()
  let seen = 0
  let kept = 0
  try {
    for (const { ids, dims } of batches) {
      const feeds: Record<string, Tensor> = { input_ids: new Tensor('int32', ids, [...dims]) }
      if (session.inputNames.includes('lengths')) {
        feeds['lengths'] = new Tensor('int32', new Int32Array(dims[0]).fill(dims[1]), [dims[0]])
      }
      const results = await session.run(feeds, [...outputs])
      const first = (every - (seen % every)) % every
      for (const name of outputs) {
        const { data, dims: shape } = results[name]!
        if (!(data instanceof Float32Array) || shape.length !== 3) continue
        const width = shape[2]!
        let sample = samples.get(name)
        if (sample === undefined) {
          sample = { rows: new Float32Array(Math.ceil(tokens / every) * width), width }
          samples.set(name, sample)
        }
        for (let row = first, at = kept; row < ids.length; row += every, at++) {
          sample.rows.set(data.subarray(row * width, (row + 1) * width), at * width)
        }
      }
      for (const result of Object.values(results)) result.dispose()
      kept += Math.ceil((ids.length - first) / every)
      seen += ids.length
    }
  } finally {
    await session.release()
  }
  return samples
}

/** The mean of x_i x_j over the rows: float32 [width, width]. */
export async function secondMoments(rows: Float32Array, width: number): Promise<Float32Array> {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'float32', ['rows', width])
  const count = rows.length / width
  const moments = op.matMul(graph, x, x, { transposed: 'a', scale: 1 / count })
  graph.output('moments', moments)
  const bytes = writeOnnx(graph.finish(), { name: 'moments' })
  const session = await InferenceSession.create(bytes, sessionOptions)
  try {
    const results = await session.run({ x: new Tensor('float32', rows, [count, width]) })
    return Float32Array.from(results['moments']!.data as Float32Array)
  } finally {
    await session.release()
  }
}
