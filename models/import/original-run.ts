// Runs an unchanged export: its own file and inputs, one text at a time. Its results are the
// reference for an import.
import { InferenceSession, Tensor } from '../runtime/onnx-runtime.ts'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { onnxElementTypes } from '../graph/onnx/onnx-wire.ts'
import { sessionConfig, sessionOptions } from '../runtime/session-options.ts'
import { tokenTypes, type TokenTypes } from './typed-tokens.ts'
import type { GraphInterface } from './wrap-graph.ts'

/**
 * The logits float32 [labels] of each text, given as token ids int32 [tokens]. The session is
 * closed before this returns. Throws WinnowError 'model_incompatible' when the runtime cannot load
 * the file or run a text.
 */
export async function runOriginal(
  { graphPath, ...model }: { graphPath: string; found: GraphInterface; types: TokenTypes },
  texts: readonly Int32Array[],
): Promise<number[][]> {
  const session = await loadOriginal(graphPath)
  try {
    const rows: number[][] = []
    for (const ids of texts) rows.push(await runText(session, { ids, ...model }))
    return rows
  } finally {
    await session.release()
  }
}

async function loadOriginal(graphPath: string): Promise<InferenceSession> {
  try {
    // Packed copies of weights would double the memory and save little time for a dozen texts.
    const session = { ...sessionConfig, disable_prepacking: '1' }
    return await InferenceSession.create(graphPath, { ...sessionOptions, extra: { session } })
  } catch (cause) {
    const message = `The runtime cannot load ${graphPath}: ${errorMessage(cause)}`
    throw new WinnowError('model_incompatible', message, { cause, details: { path: graphPath } })
  }
}

async function runText(
  session: InferenceSession,
  { ids, found, types }: { ids: Int32Array; found: GraphInterface; types: TokenTypes },
): Promise<number[]> {
  const shape = [1, ids.length]
  const feeds = Object.fromEntries(
    found.inputs.map(({ name, elementType }) => {
      const numbers =
        name === 'input_ids'
          ? ids
          : name === 'attention_mask'
            ? ids.map(() => 1)
            : tokenTypes(types, ids.length)
      const tensor =
        elementType === onnxElementTypes.int64
          ? new Tensor('int64', BigInt64Array.from(numbers, BigInt), shape)
          : new Tensor('int32', numbers, shape)
      return [name, tensor]
    }),
  )
  try {
    const results = await session.run(feeds, [found.logits.name])
    const logits = results[found.logits.name]!
    const row = Array.from(logits.data as Iterable<number>, Number)
    logits.dispose()
    return row
  } catch (cause) {
    throw new WinnowError(
      'model_incompatible',
      `The export fails on a text of ${ids.length} tokens: ${errorMessage(cause)}`,
      { cause, details: { tokens: ids.length } },
    )
  }
}
