// Reads a secret from a file that a variable such as WINNOW_CLICKHOUSE_PASSWORD_FILE names, as
// container platforms mount them.
import { closeSync, openSync, readSync } from 'node:fs'
import { WinnowError } from '../schemas/errors.ts'
import { fileProblem } from './file-problem.ts'

const bytesMax = 65_536

/**
 * The content of a file without a line break at its end. Throws `config_invalid`, naming variable
 * and path, if the file cannot be read, is empty or is not text.
 */
export function readSecretFile(variable: string, path: string): string {
  const wrong = (why: string, cause?: unknown): WinnowError =>
    new WinnowError('config_invalid', `${variable}: the file ${path} ${why}`, {
      cause,
      details: { variable, path },
    })
  let bytes: Buffer
  try {
    bytes = readBounded(path)
  } catch (cause) {
    throw wrong(`cannot be read: ${fileProblem(cause)}`, cause)
  }
  if (bytes.length > bytesMax) throw wrong(`is larger than ${bytesMax} bytes`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw wrong('is not UTF-8 text', cause)
  }
  const secret = text.replace(/\r?\n$/, '')
  if (secret.trim() === '') throw wrong('is empty')
  return secret
}

/** Reads at most one byte above the limit; from a pipe, until its writer is done. */
function readBounded(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(bytesMax + 1)
    let length = 0
    while (length < buffer.length) {
      const read = readSync(file, buffer, length, buffer.length - length, null)
      if (read === 0) break
      length += read
    }
    return buffer.subarray(0, length)
  } finally {
    closeSync(file)
  }
}
