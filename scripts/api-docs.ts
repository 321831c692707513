// Writes docs/api from the doc comments of index.ts (`npm run docs:api`); --check, which is part of
// `npm run lint`, only says whether the page is up to date. An exported name without a doc comment
// fails. typedoc.json has the settings.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const page = 'README.md'
const committed = join(root, 'docs', 'api')

if (process.argv.includes('--check')) check()
else write(committed)

/** Writes the page into a folder, and ends the process if TypeDoc refuses. */
function write(folder: string): void {
  const typedoc = join(root, 'node_modules', 'typedoc', 'bin', 'typedoc')
  execFileSync(process.execPath, [typedoc, '--logLevel', 'Warn', '--out', folder], {
    cwd: root,
    stdio: 'inherit',
  })
}

function check(): void {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-api-docs-'))
  try {
    write(folder)
    const [now, before] = [folder, committed].map((one) => readFileSync(join(one, page), 'utf8'))
    if (now === before) return
    console.error('docs/api is not what the doc comments say; run `npm run docs:api`.')
    process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
