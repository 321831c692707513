// Turns text of other encodings into UTF-8 as it is read. plain-bytes.ts reads the bytes.
import { TextDecoder } from 'node:util'
import { WinnowError } from '../../schemas/errors.ts'
import type { ByteSource } from './plain-bytes.ts'

/**
 * The text of a source in UTF-8. `encoding` is a name of the Encoding Standard, such as
 * `windows-1252`, `utf-16le` or `shift_jis`.
 *
 * @throws WinnowError `usage` for an unknown encoding; reading throws `dataset_invalid` for bytes
 * that the encoding does not have.
 */
export function decodedSource({ name, bytes }: ByteSource, encoding: string): ByteSource {
  const decoder = decoderOf(encoding)
  const decoded = async function* (): AsyncGenerator<Uint8Array> {
    const decode = (chunk?: Uint8Array): Buffer => {
      try {
        return Buffer.from(decoder.decode(chunk, { stream: chunk !== undefined }))
      } catch (cause) {
        const message = `${name}: the file is not text in ${encoding}; name another --encoding`
        throw new WinnowError('dataset_invalid', message, { cause })
      }
    }
    for await (const chunk of bytes) {
      const text = decode(chunk)
      if (text.length > 0) yield text
    }
    const rest = decode()
    if (rest.length > 0) yield rest
  }
  return { name, bytes: decoded() }
}

/** Throws `usage` for an unknown encoding. */
export function checkEncoding(encoding: string | undefined): void {
  if (encoding !== undefined) decoderOf(encoding)
}

function decoderOf(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true })
  } catch (cause) {
    const message =
      `There is no encoding ${JSON.stringify(encoding)}; use a name such as windows-1252, ` +
      'iso-8859-2, utf-16le or shift_jis.'
    throw new WinnowError('usage', message, { cause })
  }
}
