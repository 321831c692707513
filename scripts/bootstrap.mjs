// Sets up a fresh clone so that a command can run, then runs it:
//   node scripts/bootstrap.mjs setup | demo [ARGS] | test [ARGS] | build
// Plain JavaScript for Node 20 and newer, because it runs before anything is installed. A step is
// skipped if its result exists, so a second run works offline.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stampFile = join(root, 'node_modules', '.winnow-install')
/** npm writes this file when an install is complete. */
const installedFile = join(root, 'node_modules', '.package-lock.json')

/** Our own commands run on the Node from the npm package, whatever the system's version is. */
const packagedNode = join(root, 'node_modules', '.bin', 'node')
/** The first Node that runs TypeScript sources without a warning or a flag. */
const sourceNodeMajorMin = 24

/** What each command runs. A build needs only the packages; the others need everything. */
const commands = {
  setup: () => undefined,
  demo: (args) => ['cli.ts', 'demo', ...args],
  test: (args) => [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...args],
  build: () => [join('scripts', 'build.mjs')],
}

await main(process.argv.slice(2))

async function main([name, ...args]) {
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined
  if (command === undefined) {
    fail(`usage: node scripts/bootstrap.mjs ${Object.keys(commands).join('|')} [arguments]`, 2)
  }
  const watched = watchSignals()
  checkNode()
  if (name === 'build') {
    if (!existsSync(installedFile)) await installPackages(watched)
  } else {
    checkPrograms()
    await installPackages(watched)
    await step(watched, nodeProgram(), [join('scripts', 'prepare.ts')])
  }
  const node = nodeProgram()
  const line = command(args)
  if (line !== undefined) await step(watched, node, line)
}

function checkNode() {
  if (Number(process.versions.node.split('.')[0]) >= 20) return
  fail(
    `Node.js ${process.versions.node} is too old: install Node.js 20 or newer (https://nodejs.org).`,
    1,
  )
}

/** Exits with one sentence per missing program, all at once. */
function checkPrograms() {
  const problems = []
  if (javaMajor() < 17) {
    problems.push(
      'Java 17 or newer is missing: install it (for example "apt install openjdk-17-jre-headless" ' +
        'or "brew install openjdk@17") and put `java` on the PATH; Kafka and the registry run on it.',
    )
  }
  if (!runs('mvn', ['--version'])) {
    problems.push(
      'Maven is missing: install it (for example "apt install maven" or "brew install maven") and ' +
        'put `mvn` on the PATH; it fetches Kafka and the registry once.',
    )
  }
  if (problems.length > 0) fail(problems.join('\nwinnow: '), 1)
}

function javaMajor() {
  const { status, stderr, stdout } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const version = status === 0 ? /version "(?:1\.)?(\d+)/.exec(`${stderr}${stdout}`) : null
  return version === null ? 0 : Number(version[1])
}

function runs(program, args) {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}

/** Runs `npm ci`, unless the packages of this lock file and this platform are installed. */
async function installPackages(watched) {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const stamp = createHash('sha256')
    .update(lock)
    .update(`${process.platform}-${process.arch}`)
    .digest('hex')
  const installed = existsSync(stampFile) ? readFileSync(stampFile, 'utf8').trim() : ''
  if (installed === stamp) return
  note('installing npm packages (about 1 GB with the embedded engine and the demo mails, once)')
  // No package needs its install script, and a script could fetch what the lock file does not pin.
  const args = ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']
  // Flags of an `npm pack` that started this script are in the environment; they are not meant for
  // this command.
  args.push('--loglevel=error', '--json=false', '--dry-run=false')
  // npm's output must not mix with that of the command that follows.
  const stdio = ['inherit', 2, 2]
  await step(watched, 'npm', args, { everyMs: 10_000, what: 'npm ci', stdio })
  writeFileSync(stampFile, `${stamp}\n`)
  note('npm packages are installed')
}

/** The packaged Node if there is one for this platform, else the Node that runs this script. */
function nodeProgram() {
  if (existsSync(packagedNode)) return packagedNode
  if (Number(process.versions.node.split('.')[0]) >= sourceNodeMajorMin) return process.execPath
  return fail(
    `Node.js ${process.versions.node} is too old for the sources, and no Node.js is pinned for ` +
      `${process.platform} on ${process.arch}: install Node.js ${sourceNodeMajorMin} or newer ` +
      '(https://nodejs.org).',
    1,
  )
}

/** Runs one program to its end; a failure, or a signal from the terminal, ends everything. */
async function step(watched, program, args, options = {}) {
  const { everyMs, what, stdio = 'inherit' } = options
  const child = spawn(program, args, { cwd: root, stdio })
  watched.child = child
  const begun = Date.now()
  const seconds = () => Math.round((Date.now() - begun) / 1000)
  const ticker =
    everyMs === undefined ? undefined : setInterval(() => note(`${what}: ${seconds()} s`), everyMs)
  const [code, signal] = await new Promise((resolve) => {
    child.once('error', (error) => resolve([error.code === 'ENOENT' ? 127 : 126, null]))
    child.once('close', (...ending) => resolve(ending))
  })
  clearInterval(ticker)
  watched.child = undefined
  if (signal !== null) process.exit(128 + signalNumber(signal))
  if (watched.signal !== undefined && code === 0) process.exit(128 + signalNumber(watched.signal))
  if (code !== 0) {
    if (what !== undefined) note(`${what} failed with status ${code}`)
    process.exit(code ?? 1)
  }
}

/**
 * A terminal sends Ctrl-C to the child too, so SIGINT is only recorded. SIGTERM reaches only this
 * process and is passed on. Either way the child decides how to end, and this process waits for it.
 */
function watchSignals() {
  const watched = { child: undefined, signal: undefined }
  process.on('SIGINT', () => {
    watched.signal = 'SIGINT'
    if (!process.stdin.isTTY) watched.child?.kill('SIGINT')
  })
  for (const signal of ['SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      watched.signal = signal
      watched.child?.kill(signal)
    })
  }
  return watched
}

function signalNumber(signal) {
  return { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 1
}

function note(text) {
  process.stderr.write(`winnow: ${text}\n`)
}

function fail(text, status) {
  process.stderr.write(`winnow: ${text}\n`)
  process.exit(status)
}
