#!/usr/bin/env -S node --max-semi-space-size=8
// The command of the published package: runs the built command line, or says that Node is too old;
// so nothing is imported before the check. By default the young generation of a busy process grows
// to 128 MB; with 8 MB a half, a stream stays below 500 MB and is no slower. glibc returns what it
// has mapped for itself; its own limit for that rises to 32 MB (mallopt(3)), and the weights of
// models that were swapped would stay behind in pieces.

/** The oldest Node that runs Winnow, as `engines` in package.json says. */
const lowest = { major: 22, minor: 21 }
/**
 * glibc reads it when a process starts, and package managers do not agree on variables in the line
 * above.
 */
const memory = { MALLOC_MMAP_THRESHOLD_: '262144' }

function isTooOld(version) {
  const [major, minor] = version.split('.').map(Number)
  return major < lowest.major || (major === lowest.major && minor < lowest.minor)
}

function refuse() {
  const found = process.versions.node + ' (' + process.execPath + ')'
  const needed = lowest.major + '.' + lowest.minor
  const isPackaged = process.platform === 'linux' && /^(x64|arm64)$/.test(process.arch)
  const beside = isPackaged
    ? ', or install one beside Winnow: npm install node-linux-' + process.arch + '@24'
    : ''
  const message =
    'Winnow needs Node.js ' +
    needed +
    ' or newer, and this is ' +
    found +
    '. Install a newer one ' +
    '(https://nodejs.org)' +
    beside +
    '.'
  const code = 'prerequisite_missing'
  if (process.argv.includes('--json')) {
    process.stdout.write(JSON.stringify({ error: { code, message } }) + '\n')
  }
  process.stderr.write('winnow: ' + message + ' [' + code + ']\n')
  process.exitCode = 1
}

/**
 * Starts again under the same process id with `memory`; training does without
 * (configs/freed-memory.ts).
 */
function setMemory(argv) {
  const isSet = Object.keys(memory).every((name) => name in process.env)
  if (isSet || argv[0] === 'train' || process.execve === undefined) return
  const { execPath, execArgv, env } = process
  process.execve(execPath, [execPath, ...execArgv, ...process.argv.slice(1)], { ...env, ...memory })
}

async function start() {
  const argv = process.argv.slice(2)
  setMemory(argv)
  const { keepFreedMemory } = await import('../dist/configs/freed-memory.js')
  keepFreedMemory(argv)
  const { enableCodeCache } = await import('../dist/configs/code-cache.js')
  enableCodeCache()
  const { run } = await import('../dist/cli.js')
  process.exitCode = await run(argv)
}

if (isTooOld(process.versions.node)) refuse()
else start()
