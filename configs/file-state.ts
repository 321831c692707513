// Whether files were changed or replaced, without reading them: for certificates, keys and
// passwords that are read again once they are renewed.
import { statSync } from 'node:fs'

/** Identifies the content of files; another text once one was changed, replaced or removed. */
export function fileState(files: readonly string[]): string {
  return files
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false })
      return found === undefined ? 'absent' : `${found.ino} ${found.size} ${found.mtimeMs}`
    })
    .join(', ')
}
