// Follows files that others renew, such as certificates and passwords: a value is read off them
// again once they have changed. Clients ask for it whenever they open a connection.
import { fileState } from '../configs/file-state.ts'
import { readSecretFile } from '../configs/secret-file.ts'
import { errorMessage } from '../schemas/errors.ts'

/**
 * Reads a value off files, and returns the function that gives it. The function reads again after
 * a file was changed or replaced. If that fails, it reports the failure once and keeps the value.
 * Throws what the first reading throws.
 */
export function followFiles<Value>(
  files: readonly string[],
  read: () => Value,
  onProblem: (line: string) => void,
): () => Value {
  let seen = fileState(files)
  let value = read()
  return () => {
    const now = fileState(files)
    if (now === seen) return value
    seen = now
    try {
      value = read()
    } catch (error) {
      onProblem(`${errorMessage(error)}; the former content stays in use`)
    }
    return value
  }
}

/** A secret, and the file that it was read from if its changes are to be followed. */
export type Secret = {
  readonly value: string | undefined
  readonly file: string | undefined
  /** The setting of the file, for messages. */
  readonly setting: string
}

/** The function that gives the current value of a secret. */
export function followSecret(
  { value, file, setting }: Secret,
  onProblem: (line: string) => void,
): () => string | undefined {
  if (file === undefined) return () => value
  return followFiles([file], () => readSecretFile(setting, file), onProblem)
}
