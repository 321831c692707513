// Writes docs/configuration.md from the configuration schema. With `--check` it writes nothing and
// fails if the page is out of date.
import { readFileSync, writeFileSync } from 'node:fs'
import { configurationPage } from '../configs/reference.ts'

const path = new URL('../docs/configuration.md', import.meta.url)
const page = configurationPage()
if (!process.argv.includes('--check')) writeFileSync(path, page)
else if (readFileSync(path, 'utf8') !== page) {
  process.stderr.write('docs/configuration.md is out of date; run npm run docs:reference\n')
  process.exitCode = 1
}
