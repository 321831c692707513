// The heads that an inference thread applies to the embeddings of one encoder: a small session for
// each, so that one can come or go while the encoder and the other heads stay.
import { dirname } from 'node:path'
import { encodeModel } from '../graph/onnx/onnx-wire.ts'
import { splitHead } from '../graph/onnx/split-head.ts'
import { readMappedModel } from '../graph/weights/mapped-weights.ts'
import { InferenceSession, type Tensor } from '../runtime/onnx-runtime.ts'
import type { HeadColumns, HeadStart } from './session-messages.ts'
import { sessionConfig, sessionOptions } from '../runtime/session-options.ts'

/** Rows float32 [batch, width] row-major: the logits of all heads side by side. */
export type HeadRows = {
  readonly rows: Float32Array<ArrayBuffer>
  readonly columns: readonly HeadColumns[]
}

/** Sessions by head; the caller releases them. */
export class HeadSessions {
  readonly #sessions = new Map<number, InferenceSession>()

  /** Opens a head. Throws `model_incompatible`, and what the runtime throws. */
  async add({ head, modelPath }: HeadStart): Promise<void> {
    const graph = encodeModel(splitHead(readMappedModel(modelPath)).head)
    const folder = { model_external_initializers_file_folder_path: dirname(modelPath) }
    const extra = { session: { ...sessionConfig, ...folder } }
    this.#sessions.set(head, await InferenceSession.create(graph, { ...sessionOptions, extra }))
  }

  /** Releases a head, if it is there. */
  async remove(head: number): Promise<void> {
    const session = this.#sessions.get(head)
    this.#sessions.delete(head)
    await session?.release()
  }

  /** Applies every head to embeddings float32 [batch, features]. */
  async run(embedding: Tensor, batch: number): Promise<HeadRows> {
    const parts: { data: Float32Array; from: number; width: number }[] = []
    const columns: HeadColumns[] = []
    let total = 0
    for (const [head, session] of this.#sessions) {
      const results = await session.run({ [session.inputNames[0]!]: embedding }, ['logits'])
      const logits = results['logits']
      if (!(logits?.data instanceof Float32Array)) throw new Error('logits is not float32')
      const width = logits.data.length / batch
      // A copy, since the memory of the tensor is the runtime's.
      parts.push({ data: Float32Array.from(logits.data), from: total, width })
      columns.push({ head, from: total, width })
      total += width
      logits.dispose()
    }
    const rows = new Float32Array(batch * total)
    for (const { data, from, width } of parts) {
      for (let text = 0; text < batch; text++) {
        rows.set(data.subarray(text * width, (text + 1) * width), text * total + from)
      }
    }
    return { rows, columns }
  }

  /** Releases every head. */
  async release(): Promise<void> {
    for (const head of [...this.#sessions.keys()]) await this.remove(head)
  }
}
