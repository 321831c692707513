// The table of strings that the cells of a workbook refer to. It is held in memory, so it is
// bounded.
import { WinnowError } from '../../../schemas/errors.ts'
import { readXml, unescapedText } from './xml-part.ts'

const stringsMax = 10_000_000
const charactersMax = 256 * 1024 ** 2

/**
 * Reads the strings. Formatting is dropped, and so are phonetic hints of Japanese.
 *
 * @throws WinnowError `dataset_invalid` for more than 10 million strings, or 256 Mi characters.
 */
export async function readSharedStrings(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): Promise<readonly string[]> {
  const strings: string[] = []
  let characters = 0
  let phonetic = 0
  let isText = false
  let current = ''
  await readXml(bytes, {
    open(element) {
      if (element === 'si') current = ''
      else if (element === 'rPh') phonetic++
      else if (element === 't') isText = phonetic === 0
    },
    text(text) {
      if (isText) current += text
    },
    close(element) {
      if (element === 't') isText = false
      else if (element === 'rPh') phonetic--
      if (element !== 'si') return
      characters += current.length
      if (strings.length === stringsMax || characters > charactersMax) {
        const message = `${name}: the workbook holds too many strings; save the sheet as CSV (UTF-8)`
        throw new WinnowError('dataset_invalid', message)
      }
      strings.push(unescapedText(current))
    },
  })
  return strings
}
