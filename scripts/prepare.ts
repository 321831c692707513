// Builds the pages of the gateway, and fetches what the embedded stack, the demo and the tests need
// besides npm packages into the user's cache folder, once. scripts/bootstrap.mjs calls it after the packages are installed.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDir, modelStoreDir } from '../configs/paths.ts'
import { downloadProxy } from '../configs/proxy.ts'
import { loadConfig } from '../configs/load.ts'
import { ensureJars } from '../infra/local/services/jars.ts'
import { ensureBase, openBase } from '../models/bases/base-store.ts'
import { WinnowError, errorMessage } from '../schemas/errors.ts'

const baseName = 'minilm-l6'

async function prepare(): Promise<void> {
  const note = (line: string) => process.stderr.write(`  ${line}\n`)
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'build-pages.mjs')])
  await ensureJars({ cacheDir: cacheDir(), onProgress: note })
  const storeDir = modelStoreDir()
  const present = await openBase({ name: baseName, storeDir }).catch(() => undefined)
  if (present !== undefined) return
  const { base } = loadConfig({})
  note(`fetching the base encoder ${baseName} (91 MB, once)`)
  let lastSource = ''
  await ensureBase({
    name: baseName,
    storeDir,
    endpoint: base.endpoint,
    proxy: downloadProxy(base.proxy),
    onProgress: ({ source }) => {
      if (source !== lastSource) note(`${baseName} from ${source}`)
      lastSource = source
    },
  })
  note(`${baseName} is in ${storeDir}`)
}

prepare().catch((error: unknown) => {
  const text = error instanceof WinnowError ? error.message : errorMessage(error)
  process.stderr.write(`winnow: ${text}\n`)
  process.exitCode = 1
})
