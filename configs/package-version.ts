// The version of this package, from its package.json.
import { readFileSync } from 'node:fs'

/** The version, or `unknown` if package.json cannot be read. */
export function packageVersion(): string {
  // Above configs/ in a checkout, above dist/configs/ in the published package.
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), 'utf8')
      return (JSON.parse(text) as { version: string }).version
    } catch {
      continue
    }
  }
  return 'unknown'
}
