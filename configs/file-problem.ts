// Why a file that a setting names cannot be read, in the words of a person.
import { errorMessage } from '../schemas/errors.ts'

const problems: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
}

/** What stands in the way; the system's own sentence where it is nothing usual. */
export function fileProblem(cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: unknown }
  return (typeof code === 'string' ? problems[code] : undefined) ?? errorMessage(cause)
}
