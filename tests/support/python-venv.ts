// Virtual environments of Python for tests against other people's programs: made once in the cache,
// with packages from PyPI. Without Python or PyPI, it says what is missing.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of the programs of an environment, or what is missing. */
export type PythonVenv = { readonly bin: string } | { readonly missing: string }

/** Makes the environment unless it has these packages, which are written as pip takes them. */
export function openVenv(venv: string, packages: readonly string[]): PythonVenv {
  const bin = join(venv, 'bin')
  const mark = join(venv, 'winnow-packages.txt')
  const wanted = packages.join('\n')
  if (contentOf(mark) === wanted) return { bin }
  const made = spawnSync('python3', ['-m', 'venv', venv], { encoding: 'utf8' })
  if (made.error !== undefined) return { missing: 'there is no python3' }
  if (made.status !== 0) {
    return { missing: `python3 -m venv failed (Debian: python3-venv): ${lastLine(made.stderr)}` }
  }
  const pip = spawnSync(join(bin, 'pip'), ['install', '--quiet', ...packages], { encoding: 'utf8' })
  if (pip.status !== 0) {
    return { missing: `pip could not install ${packages.join(', ')}: ${lastLine(pip.stderr)}` }
  }
  writeFileSync(mark, wanted)
  return { bin }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // It was never made, or only in part.
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
