// Writes the answer of an inference: tensors in JSON, or binary behind it. It writes row by row, in
// steps, because a model of thousands of labels gives a million numbers for a full request.
import type { Work } from '../../models/runtime/sliced-work.ts'
import type { OnlineClassification, OnlineModel } from '../http/dependencies.ts'
import type { RequestedOutput } from './inference-request.ts'
import { bytesOfFloats, bytesOfTexts } from './tensor-bytes.ts'

/** What a model said, and what was asked for. */
export type Inference = {
  readonly model: Pick<OnlineModel, 'name' | 'version' | 'labels'>
  readonly id: string | undefined
  readonly rows: readonly OnlineClassification[]
  readonly outputs: readonly RequestedOutput[]
}

/** The JSON of an answer, and the binary tensors that follow it. */
export type InferenceBody = { readonly json: Buffer; readonly tensors: readonly Buffer[] }

/** Writes the body of an answer. */
export function* writeInference(inference: Inference): Work<InferenceBody> {
  const { model, id, outputs } = inference
  const tensors: Buffer[] = []
  const written: string[] = []
  for (const output of outputs) {
    const { datatype, width, rows } = tensorOf(output, inference)
    const shape = width === undefined ? [rows.length] : [rows.length, width]
    const head = { name: output.name, datatype, shape }
    if (output.isBinary) {
      const parts: Buffer[] = []
      for (const row of rows) {
        yield
        parts.push(bytesOfRow(row(), datatype))
      }
      const tensor = Buffer.concat(parts)
      tensors.push(tensor)
      written.push(JSON.stringify({ ...head, parameters: { binary_data_size: tensor.length } }))
    } else {
      const parts: string[] = []
      for (const row of rows) {
        yield
        parts.push(JSON.stringify(row()).slice(1, -1))
      }
      written.push(`${JSON.stringify(head).slice(0, -1)},"data":[${parts.join(',')}]}`)
    }
  }
  const head = JSON.stringify({
    model_name: model.name,
    model_version: model.version,
    ...(id !== undefined && { id }),
  })
  return { json: Buffer.from(`${head.slice(0, -1)},"outputs":[${written.join(',')}]}`), tensors }
}

/** A tensor of the answer, whose rows are computed when they are written. */
type Tensor = {
  readonly datatype: 'BYTES' | 'FP32'
  /** Elements of a row of a tensor of two dimensions. */
  readonly width?: number
  readonly rows: readonly (() => string[] | number[])[]
}

function bytesOfRow(row: string[] | number[], datatype: Tensor['datatype']): Buffer {
  return datatype === 'BYTES' ? bytesOfTexts(row as string[]) : bytesOfFloats(row as number[])
}

function tensorOf(
  { name, classes }: RequestedOutput,
  { rows, model: { labels } }: Inference,
): Tensor {
  switch (name) {
    case 'label':
      return { datatype: 'BYTES', rows: rows.map(({ result }) => () => [result.label]) }
    case 'score':
      return { datatype: 'FP32', rows: rows.map(({ result }) => () => [result.score]) }
    default: {
      const width = Math.min(classes ?? labels.length, labels.length)
      if (classes === undefined) {
        return { datatype: 'FP32', width, rows: rows.map((row) => () => [...row[name]]) }
      }
      const highestOf = (row: OnlineClassification) => () => highest(row[name], { labels, width })
      return { datatype: 'BYTES', width, rows: rows.map(highestOf) }
    }
  }
}

/** The highest values as the classification extension writes them: `value:index:label`. */
function highest(
  values: Float32Array,
  { labels, width }: { labels: readonly string[]; width: number },
): string[] {
  const order = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b)
  return order
    .slice(0, width)
    .map((index) => `${values[index]!.toFixed(6)}:${index}:${labels[index]!}`)
}
