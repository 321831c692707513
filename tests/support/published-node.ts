// How the published command starts Node, for tests and benchmarks that start it themselves.
import { readFileSync } from 'node:fs'

/** A flag of Node and a variable of its environment, as bin/winnow.js sets them. */
export function publishedNode(): { flag: string; env: Record<string, string> } {
  const text = readFileSync(new URL('../../bin/winnow.js', import.meta.url), 'utf8')
  const [, flag] = /^#!\/usr\/bin\/env -S node (--\S+)$/m.exec(text)!
  const [, name, value] = /^const memory = \{ (MALLOC_\w+): '(\d+)' \}$/m.exec(text)!
  return { flag: flag!, env: { [name!]: value! } }
}
