// Why a file cannot be read or a place cannot be written, in the words of a person.
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

/** What keeps a file from being read; the system's own sentence for anything unusual. */
export function fileProblem(cause: unknown): string {
  return problemIn(readProblems, cause)
}

/** What keeps a place from being written; the system's own sentence for anything unusual. */
export function writeProblem(cause: unknown): string {
  return problemIn(writeProblems, cause)
}

function problemIn(problems: Readonly<Record<string, string>>, cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: unknown }
  return (typeof code === 'string' ? problems[code] : undefined) ?? errorMessage(cause)
}
