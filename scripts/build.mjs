// Builds dist/: plain JavaScript with type declarations, the files that the code reads next to
// itself, and ONNX Runtime for Linux. Runs on any Node that runs TypeScript's compiler, and fetches
// nothing.
import { execFileSync } from 'node:child_process'
import { constants, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
await import('./build-pages.mjs')
for (const path of ['dashboard/dist', 'configs/profiles', 'infra/sql', 'infra/local/pom.xml']) {
  cpSync(join(root, path), join(dist, path), { recursive: true })
}
carryRuntime(process.env.WINNOW_BUILD_PLATFORMS?.split(',') ?? ['linux-x64', 'linux-arm64'])

/**
 * Copies the part of onnxruntime-node that Winnow needs (71 of 289 MB). So the published package
 * has no dependency whose install script downloads something, and no libraries for other systems.
 */
function carryRuntime(platforms) {
  const from = join(root, 'node_modules', 'onnxruntime-node')
  const to = join(dist, 'onnxruntime-node')
  const { name, version, description, license, author, repository, main } = JSON.parse(
    readFileSync(join(from, 'package.json'), 'utf8'),
  )
  const manifest = { name, version, description, license, author, repository, main }
  mkdirSync(join(to, 'dist'), { recursive: true })
  writeFileSync(join(to, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  cpSync(join(root, 'scripts', 'onnxruntime-license.txt'), join(to, 'LICENSE'))
  for (const file of ['index.js', 'backend.js', 'binding.js', 'version.js']) {
    cpSync(join(from, 'dist', file), join(to, 'dist', file))
  }
  for (const platform of platforms) {
    const folder = join('bin', 'napi-v6', ...platform.split('-'))
    const mode = constants.COPYFILE_FICLONE
    cpSync(join(from, folder), join(to, folder), { recursive: true, mode })
  }
}
