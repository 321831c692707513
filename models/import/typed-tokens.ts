// The token types of a pair, 0 for its first part and 1 for its second, by the place of a token:
// one text of the pair is the same for every event, so the border is at a fixed distance from an
// end. paired-text.ts finds it in tokenizer.json.
import { onnxAttributeTypes, onnxElementTypes, type OnnxMessage } from '../graph/onnx/onnx-wire.ts'

/**
 * Which tokens have type 1: all after the first `tokens`, or the last `tokens`. Undefined if all
 * tokens have type 0.
 */
export type TokenTypes = { readonly ones: 'after' | 'last'; readonly tokens: number } | undefined

/** The operator set that has Range. */
export const typesOpsetMin = 11

/** The types int32 [tokens] of a text of so many tokens. */
export function tokenTypes(types: TokenTypes, length: number): Int32Array {
  if (types === undefined) return new Int32Array(length)
  const from = types.ones === 'after' ? types.tokens : length - types.tokens
  return Int32Array.from({ length }, (_, at) => (at >= from ? 1 : 0))
}

/**
 * Operators that give `output` the types of tokens [batch, tokens] as `elementType`; `shape` names
 * the value with the shape of the ids.
 */
export function tokenTypeNodes(
  types: NonNullable<TokenTypes>,
  { shape, output, elementType }: { shape: string; output: string; elementType: number },
): OnnxMessage<'Node'>[] {
  const name = (part: string): string => `winnow/types/${part}`
  const node = (operator: string, inputs: string[], to: string): OnnxMessage<'Node'> => {
    return { name: to, operator, inputs, outputs: [to] }
  }
  const number = (part: string, value: number): OnnxMessage<'Node'> => {
    const raw = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer)
    const tensor = { dims: [], elementType: onnxElementTypes.int64, raw }
    const attributes = [{ name: 'value', tensor, type: onnxAttributeTypes.tensor }]
    return { ...node('Constant', [], name(part)), attributes }
  }
  const isFromEnd = types.ones === 'last'
  const to = [{ name: 'to', int: elementType, type: onnxAttributeTypes.int }]
  return [
    number('zero', 0),
    number('one', 1),
    number('border', types.tokens),
    node('Gather', [shape, name('one')], name('length')),
    node('Range', [name('zero'), name('length'), name('one')], name('places')),
    ...(isFromEnd ? [node('Sub', [name('length'), name('border')], name('start'))] : []),
    node('Less', [name('places'), name(isFromEnd ? 'start' : 'border')], name('before')),
    node('Not', [name('before')], name('after')),
    { ...node('Cast', [name('after')], name('row')), attributes: to },
    node('Expand', [name('row'), shape], output),
  ]
}
