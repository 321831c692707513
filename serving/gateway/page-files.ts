// The built pages of the gateway (dashboard/dist), read into memory when they are asked for first.
// Only files that were there at the start of the reading exist, so no path leads out of the folder.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { PageFile, PageFiles } from '../../gateway/http/dependencies.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** Where the pages are built to, in a checkout and in the package alike. */
const builtDir = fileURLToPath(new URL('../../dashboard/dist/', import.meta.url))

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

/** Types that are compressed already. */
const packed: ReadonlySet<string> = new Set(['.png', '.woff2'])

/** Creates the reader of a folder, that of the built pages by default. */
export function createPageFiles(dir: string = builtDir): PageFiles {
  let names: Promise<ReadonlySet<string>> | undefined
  const files = new Map<string, Promise<PageFile>>()
  return {
    async read(path) {
      names ??= namesIn(dir)
      const known = await names.catch((error: unknown) => {
        // They may be built while the gateway runs.
        names = undefined
        throw error
      })
      if (!known.has(path)) return undefined
      const file = files.get(path) ?? readPage(dir, path)
      files.set(path, file)
      return file
    },
  }
}

async function namesIn(dir: string): Promise<ReadonlySet<string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => [])
  const names = entries
    .filter((entry) => entry.isFile() && extname(entry.name) in types)
    .map(({ parentPath, name }) => relative(dir, join(parentPath, name)).replaceAll(sep, '/'))
  if (names.includes('index.html')) return new Set(names)
  throw new WinnowError(
    'prerequisite_missing',
    `The pages of the gateway are not built: there is no ${join(dir, 'index.html')}. ` +
      'Run `npm run setup` in the checkout.',
  )
}

async function readPage(dir: string, path: string): Promise<PageFile> {
  const bytes = new Uint8Array(await readFile(join(dir, path)))
  const type = extname(path)
  const small = packed.has(type) ? bytes : new Uint8Array(await promisify(gzip)(bytes))
  return {
    type: types[type]!,
    bytes,
    ...(small.length < bytes.length && { gzipped: small }),
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    // Vite puts a hash into the names of what it bundles.
    isNamedByHash: /^assets\/.+-[\w-]{8}\.\w+$/.test(path),
  }
}
