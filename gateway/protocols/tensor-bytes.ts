// The binary tensor data extension of the Open Inference Protocol: tensors that follow the JSON of
// a body (extension_binary_data in the protocol documents of triton-inference-server). It owns the
// bytes of tensors; inference-request.ts says which tensors there are.
import { isUtf8 } from 'node:buffer'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** The header with the length of the JSON, where a body has tensors behind it. */
export const headerLengthName = 'Inference-Header-Content-Length'

/** Elements between two yields. */
const stepElements = 256

/** A body as its JSON and the tensors behind it. */
export type TensorBody = { readonly json: Uint8Array; readonly tensors: Buffer }

/** Splits a body. Throws `body_invalid` if the header does not fit the body. */
export function splitBody(body: Uint8Array, headerLength: string | undefined): TensorBody {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (headerLength === undefined) return { json: bytes, tensors: bytes.subarray(bytes.length) }
  const length = /^\d{1,15}$/.test(headerLength.trim()) ? Number(headerLength) : Infinity
  if (length > bytes.length) {
    throw new WinnowError(
      'body_invalid',
      `${headerLengthName} must be the length of the JSON at the start of the body, which has ` +
        `${bytes.length} bytes in all`,
    )
  }
  return { json: bytes.subarray(0, length), tensors: bytes.subarray(length) }
}

/**
 * The texts of a BYTES tensor: for each element its length as uint32, little-endian, then its
 * bytes. Throws `body_invalid` if there are more or fewer than `count`, or one is not UTF-8.
 */
export function* readTexts(tensor: Buffer, count: number): Work<string[]> {
  const texts: string[] = []
  let at = 0
  while (at < tensor.length) {
    if (texts.length % stepElements === 0) yield
    if (texts.length === count) throw wrongTensor(`holds more than the ${count} texts of its shape`)
    const from = at + 4
    const to = from <= tensor.length ? from + tensor.readUInt32LE(at) : Infinity
    if (to > tensor.length) throw wrongTensor(`ends within the text at index ${texts.length}`)
    const text = tensor.subarray(from, to)
    if (!isUtf8(text)) throw wrongTensor(`is not UTF-8 at index ${texts.length}`)
    texts.push(text.toString('utf8'))
    at = to
  }
  if (texts.length < count) {
    throw wrongTensor(`holds ${texts.length} texts; its shape needs ${count}`)
  }
  return texts
}

/** The bytes of a BYTES tensor. */
export function bytesOfTexts(texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text)
      const length = Buffer.alloc(4)
      length.writeUInt32LE(bytes.length)
      return [length, bytes]
    }),
  )
}

/** The bytes of an FP32 tensor: float32, little-endian. */
export function bytesOfFloats(floats: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * floats.length)
  for (const [index, float] of floats.entries()) bytes.writeFloatLE(float, 4 * index)
  return bytes
}

function wrongTensor(problem: string): WinnowError {
  return new WinnowError('body_invalid', `The binary data of the input ${problem}`)
}
