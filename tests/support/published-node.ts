// How the published command starts Node, for tests and benchmarks that start it themselves.
import { readFileSync } from 'node:fs'

/** A flag of Node and a variable of its environment, as the first line of bin/winnow.js gives them. */
export function publishedNode(): { flag: string; env: Record<string, string> } {
  const text = readFileSync(new URL('../../bin/winnow.js', import.meta.url), 'utf8')
  const [line] = text.split('\n')
  const [, name, value, flag] = /^#!\/usr\/bin\/env -S (MALLOC_\w+)=(\S+) node (--\S+)$/.exec(
    line!,
  )!
  return { flag: flag!, env: { [name!]: value! } }
}
