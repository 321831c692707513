// Builds dist/: plain JavaScript with type declarations, and the files that the code reads beside
// itself. Runs on any Node that runs TypeScript's compiler; nothing is fetched.
import { execFileSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
execFileSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '--project', join(root, 'tsconfig.build.json')],
  { cwd: root, stdio: 'inherit' },
)
for (const path of ['configs/profiles', 'infra/sql', 'infra/local/pom.xml']) {
  cpSync(join(root, path), join(dist, path), { recursive: true })
}
