// Builds the pages of the gateway into dashboard/dist: the dashboard, by Vite, and /docs, which is
// Swagger UI from its npm package. Skipped if nothing changed since the last build. Plain JavaScript,
// because `npm pack` runs it on any Node that Winnow supports.
import { createHash } from 'node:crypto'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dashboard = join(root, 'dashboard')
const dist = join(dashboard, 'dist')
const stampFile = join(dist, '.built')
const swagger = join(root, 'node_modules', 'swagger-ui-dist')

const stamp = hashOfSources()
const built = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : ''
if (built !== stamp) {
  const { build } = await import('vite')
  await build({ root: dashboard, logLevel: 'warn' })
  const docs = join(dist, 'docs')
  mkdirSync(docs, { recursive: true })
  for (const file of ['swagger-ui-bundle.js', 'swagger-ui.css', 'LICENSE']) {
    cpSync(join(swagger, file), join(docs, file === 'LICENSE' ? 'LICENSE.txt' : file))
  }
  for (const file of ['index.html', 'start.js', 'page.css']) {
    cpSync(join(dashboard, 'docs', file), join(docs, file))
  }
  writeFileSync(stampFile, stamp)
}

/** Of everything that the build reads: our sources, and the versions of the packages. */
function hashOfSources() {
  const hash = createHash('sha256')
  const sources = globSync(['dashboard/**/*', 'client/**/*', 'scripts/build-pages.mjs'], {
    cwd: root,
    exclude: ['dashboard/dist/**', 'dashboard/dist'],
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  for (const file of [...sources.sort(), join(root, 'package-lock.json')]) {
    hash.update(file.slice(root.length)).update('\0').update(readFileSync(file))
  }
  return hash.digest('hex')
}
