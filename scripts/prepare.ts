// Fetches what the embedded stack and the demo need besides npm packages, once, into the user's
// cache folder. Runs after the packages are installed; scripts/bootstrap.mjs calls it.
import { cacheDir } from '../configs/paths.ts'
import { ensureJars } from '../infra/local/jars.ts'
import { WinnowError, errorMessage } from '../schemas/errors.ts'

async function prepare(): Promise<void> {
  const onProgress = (line: string) => process.stderr.write(`  ${line}\n`)
  await ensureJars({ cacheDir: cacheDir(), onProgress })
}

prepare().catch((error: unknown) => {
  const text = error instanceof WinnowError ? error.message : errorMessage(error)
  process.stderr.write(`winnow: ${text}\n`)
  process.exitCode = 1
})
