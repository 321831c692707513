// Reads bytes as UTF-8 text, for the formats that are text. A byte order mark is dropped.
import { rejected, ok, type Outcome } from '../../schemas/outcome.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The text, or `utf8_invalid`. `what` names the bytes: `the value`. */
export function utf8Text(bytes: Uint8Array, what: string): Outcome<string> {
  try {
    return ok(utf8.decode(bytes))
  } catch {
    return rejected('utf8_invalid', `${what} is not valid UTF-8`)
  }
}
