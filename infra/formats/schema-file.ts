// Reads the files of `inputs[].schemaFile`, and the .proto files that one imports.
import { readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileProblem } from '../../configs/file-problem.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** Largest schema file. */
const fileBytesMax = 8_388_608

/** The text of a schema file. Throws config_invalid if it cannot be read or is too large. */
export function readSchemaFile(path: string): string {
  try {
    const text = readBounded(path)
    if (text !== undefined) return text
  } catch (cause) {
    throw new WinnowError(
      'config_invalid',
      `cannot read schemaFile ${path}: ${fileProblem(cause)}`,
      {
        cause,
      },
    )
  }
  throw new WinnowError('config_invalid', `schemaFile ${path} has more than ${fileBytesMax} bytes`)
}

/**
 * The text of a file that a .proto file imports: its path is looked up in the folder of that file,
 * then in the folders around it. Undefined if it is nowhere.
 */
export function readImportedFile(main: string, imported: string): string | undefined {
  for (let folder = dirname(resolve(main)); ; folder = dirname(folder)) {
    try {
      return readBounded(join(folder, imported))
    } catch {
      if (folder === dirname(folder)) return undefined
    }
  }
}

function readBounded(path: string): string | undefined {
  return statSync(path).size > fileBytesMax ? undefined : readFileSync(path, 'utf8')
}
