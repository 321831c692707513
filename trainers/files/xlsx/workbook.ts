// Opens an Excel workbook (ECMA-376, SpreadsheetML): its sheets, and the parts that their cells
// refer to. sheet-rows.ts reads the rows; ../workbook-rows.ts gives them meaning.
import { posix } from 'node:path'
import { WinnowError } from '../../../schemas/errors.ts'
import { readCellFormats } from './cell-formats.ts'
import { readSharedStrings } from './shared-strings.ts'
import { sheetRows, type SheetRow } from './sheet-rows.ts'
import { attribute, readXml } from './xml-part.ts'
import { openZipParts, type ZipParts } from './zip-parts.ts'

/** A sheet by its name; `isVisible` is false for hidden ones. */
export type Sheet = { readonly name: string; readonly isVisible: boolean; readonly part: string }

/** An open workbook. */
export type Workbook = {
  /** The sheets with cells, in the order of their tabs. */
  readonly sheets: readonly Sheet[]
  /** Reads the rows of a sheet. Throws `dataset_invalid`. */
  readonly rows: (sheet: Sheet) => AsyncGenerator<SheetRow>
  readonly close: () => void
}

/** What parts may unpack to. A sheet is streamed, and its limit only bounds the time. */
const partBytesMax = { small: 32 * 1024 ** 2, strings: 1024 ** 3, sheet: 8 * 1024 ** 3 }
const sheetsMax = 1_000

/**
 * Opens a workbook.
 *
 * @throws WinnowError `dataset_invalid` if the file is none, or damaged. `name` is the file in
 * messages.
 */
export async function openWorkbook(path: string, name: string): Promise<Workbook> {
  const parts = await openZipParts(path, name)
  try {
    const { part, sheets, links, calendar } = await readStructure(parts, name)
    return {
      sheets,
      async *rows(sheet) {
        const formats = await optional(parts, linked(links, 'styles'), (bytes) =>
          readCellFormats(bytes),
        )
        const strings = await optional(parts, linked(links, 'sharedStrings'), (bytes) =>
          readSharedStrings(bytes, name),
        )
        const context = { name, calendar, formats: formats ?? [], strings: strings ?? [] }
        yield* sheetRows(parts.read(sheet.part, { bytesMax: partBytesMax.sheet }), context)
      },
      close: () => parts.close(),
    }
    function linked(from: readonly Link[], type: string): string | undefined {
      const target = from.find((link) => link.type === type)?.target
      return target === undefined ? undefined : partAt(part, target)
    }
  } catch (error) {
    parts.close()
    throw error
  }
}

type Link = { readonly id: string; readonly type: string; readonly target: string }

async function readStructure(
  parts: ZipParts,
  name: string,
): Promise<{
  part: string
  sheets: readonly Sheet[]
  links: readonly Link[]
  calendar: 1900 | 1904
}> {
  const [root] = (await readLinks(parts, '')).filter(({ type }) => type === 'officeDocument')
  const part = root === undefined ? 'xl/workbook.xml' : partAt('', root.target)
  const none = (what: string): WinnowError =>
    new WinnowError(
      'dataset_invalid',
      `${name}: the file is ${what}; save the texts as XLSX or CSV (UTF-8)`,
    )
  if (!parts.has(part)) throw none('a ZIP archive, but no Excel workbook')
  const links = await readLinks(parts, part)
  const found: { name: string; isVisible: boolean; id: string }[] = []
  let calendar: 1900 | 1904 = 1900
  let document = ''
  await readXml(parts.read(part, { bytesMax: partBytesMax.small }), {
    open(element, attributes) {
      document ||= element
      if (element === 'workbookPr' && /^(?:1|true)$/.test(attributes['date1904'] ?? '')) {
        calendar = 1904
      }
      if (element !== 'sheet' || found.length === sheetsMax) return
      const isVisible = (attributes['state'] ?? 'visible') === 'visible'
      const id = attribute(attributes, 'id') ?? ''
      found.push({ name: attributes['name'] ?? '', isVisible, id })
    },
  })
  if (document !== 'workbook') throw none('an Office document, but no workbook')
  const sheets = found.flatMap(({ id, ...sheet }) => {
    const link = links.find((one) => one.id === id && one.type === 'worksheet')
    return link === undefined ? [] : [{ ...sheet, part: partAt(part, link.target) }]
  })
  return { part, sheets, links, calendar }
}

/** The relationships of a part, or of the whole file. */
async function readLinks(parts: ZipParts, part: string): Promise<Link[]> {
  const { dir, base } = posix.parse(part)
  const file = posix.join(dir, '_rels', `${base}.rels`)
  const links: Link[] = []
  if (!parts.has(file)) return links
  await readXml(parts.read(file, { bytesMax: partBytesMax.small }), {
    open(element, attributes) {
      if (element !== 'Relationship' || links.length > 10 * sheetsMax) return
      const { Id: id = '', Type: type = '', Target: target = '' } = attributes
      links.push({ id, type: type.split('/').at(-1)!, target })
    },
  })
  return links
}

/** The name of a part that another one links to. */
function partAt(from: string, target: string): string {
  return target.startsWith('/') ? target.slice(1) : posix.join(posix.dirname(from), target)
}

async function optional<T>(
  parts: ZipParts,
  part: string | undefined,
  read: (bytes: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T | undefined> {
  if (part === undefined || !parts.has(part)) return undefined
  return read(parts.read(part, { bytesMax: partBytesMax.strings }))
}
