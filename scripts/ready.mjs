// Exits with status 1 and one sentence if this checkout cannot run its own commands: the packages
// are not installed, or Node does not run TypeScript. Every npm script that does not set up the
// checkout itself starts with it. So it is fast, and plain JavaScript for Node 14 and newer.
import { existsSync, writeSync } from 'fs'
import { dirname, join } from 'path'
import { fileURLToPath } from 'url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const problem = findProblem()
if (problem !== undefined) {
  writeSync(2, 'winnow: ' + problem + '\n')
  process.exitCode = 1
}

function findProblem() {
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) {
    return 'this checkout is not set up. Run `npm run setup` first.'
  }
  const [major, minor] = process.versions.node.split('.').map(Number)
  // The first Node that runs TypeScript sources without a warning or a flag.
  if (major > 24 || (major === 24 && minor >= 3)) return undefined
  return (
    'Node.js ' +
    process.versions.node +
    ' (' +
    process.execPath +
    ') does not run the sources, and no ' +
    'Node.js is pinned for ' +
    process.platform +
    ' on ' +
    process.arch +
    '. Install Node.js 24 ' +
    '(https://nodejs.org).'
  )
}
