// Explains to a person why a file cannot be read or a path cannot be written.
import { errorMessage } from '../schemas/errors.ts'

const readProblems: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'this is a folder; a file is needed',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
}

const writeProblems: Readonly<Record<string, string>> = {
  EISDIR: 'this is a folder; name a file',
  EACCES: 'this user may not write here',
  EPERM: 'this user may not write here',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
}

/** Says what prevents reading a file; for unusual errors, the system's own message. */
export function fileProblem(cause: unknown): string {
  return problemIn(readProblems, cause)
}

/** Says what prevents writing to a path; for unusual errors, the system's own message. */
export function writeProblem(cause: unknown): string {
  return problemIn(writeProblems, cause)
}

function problemIn(problems: Readonly<Record<string, string>>, cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: unknown }
  return (typeof code === 'string' ? problems[code] : undefined) ?? errorMessage(cause)
}
