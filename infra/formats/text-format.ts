// The format text: the whole value, or the whole key, is the text.
import type { PartDecoder } from '../../schemas/ports/record-decoder.ts'
import { utf8Text } from './utf8-text.ts'

/** Decodes UTF-8 text. */
export const decodeText: PartDecoder = (bytes) => Promise.resolve(utf8Text(bytes, 'the value'))
