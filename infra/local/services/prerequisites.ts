// Finds what the embedded stack needs but Winnow does not ship: Java for Kafka and the registry,
// Maven to fetch them, the npm package of the analytics engine. It installs nothing.
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'

import { WinnowError } from '../../../schemas/errors.ts'

/** Kafka 4 runs on Java 17 and newer. */
export const javaMajorMin = 17

/** Sentences that say what to install; the set-up script shows the same ones. */
export const installHints = {
  java:
    `Install Java ${javaMajorMin} or newer (for example "apt install openjdk-17-jre-headless" or ` +
    '"brew install openjdk@17") and put `java` on the PATH: Kafka and the registry run on it.',
  maven:
    'Install Maven (for example "apt install maven" or "brew install maven") and put `mvn` on ' +
    'the PATH: it fetches Kafka and the registry once.',
} as const

/**
 * The oldest Node that the published command runs on, as `engines` in package.json says. 22.21 is
 * the first whose Node-API accepts memory shared between threads, in which fine-tuning keeps the
 * weights.
 */
export const nodeMin = '22.21'

/** The release of the engine that Winnow is tested with: its optional peer dependency. */
export const enginePackage = 'chdb@3.4.0'
export const engineInstall = `npm install --ignore-scripts ${enginePackage}`

/** The library of the engine has a package of its own per platform. */
const engineLibraries: Readonly<Record<string, string>> = {
  'linux-x64': '@chdb/lib-linux-x64-gnu',
  'linux-arm64': '@chdb/lib-linux-arm64-gnu',
  'darwin-x64': '@chdb/lib-darwin-x64',
  'darwin-arm64': '@chdb/lib-darwin-arm64',
}

/**
 * Whether the embedded engine is installed; `library` names the missing package, if there is one.
 */
export type FoundEngine =
  | { readonly kind: 'present' }
  | { readonly kind: 'no_package' }
  | { readonly kind: 'no_library'; readonly library: string | undefined }

/** Looks for the engine's package and for its library for a platform such as `linux-x64`. */
export function findEngine(platform: string): FoundEngine {
  let engine: string
  try {
    engine = createRequire(import.meta.url).resolve('chdb')
  } catch {
    return { kind: 'no_package' }
  }
  const library = engineLibraries[platform]
  try {
    if (library !== undefined && createRequire(engine).resolve(library) !== '') {
      return { kind: 'present' }
    }
  } catch {
    // The message for platforms without a library says this.
  }
  return { kind: 'no_library', library }
}

/**
 * @throws WinnowError `prerequisite_missing` unless the embedded engine is installed for this
 * platform.
 */
export function requireEngine(): void {
  const platform = `${process.platform}-${process.arch}`
  const found = findEngine(platform)
  if (found.kind === 'present') return
  throw new WinnowError('prerequisite_missing', engineProblem(found, platform))
}

function engineProblem(found: Exclude<FoundEngine, { kind: 'present' }>, platform: string): string {
  const otherwise = 'With your own Kafka and ClickHouse, the embedded stack is not needed.'
  if (found.kind === 'no_package') {
    const how = `Run "${engineInstall}" where Winnow is installed (about 545 MB).`
    return `The embedded ClickHouse engine is not installed. ${how} ${otherwise}`
  }
  const problem = `The embedded ClickHouse engine has no library here for ${platform}.`
  return found.library === undefined
    ? `${problem} ${otherwise}`
    : `${problem} Install ${found.library} as docs/supply-chain.md says. ${otherwise}`
}

/** The version that `java -version` prints, e.g. `17.0.15`; undefined without Java. */
export async function javaVersion(): Promise<string | undefined> {
  const text = await versionText('java', ['-version'])
  return text === undefined ? undefined : /version "([^"]+)"/.exec(text)?.[1]
}

/** The version that `mvn --version` prints, e.g. `3.8.7`; undefined without Maven. */
export async function mavenVersion(): Promise<string | undefined> {
  const text = await versionText('mvn', ['--version', '--batch-mode'])
  return text === undefined ? undefined : /Apache Maven ([\d.]+\S*)/.exec(text)?.[1]
}

/** The major number of a Java version: 17 for `17.0.15`, 8 for `1.8.0_392`. */
export function javaMajor(version: string): number {
  const [first, second] = version.split(/[._-]/).map(Number)
  return (first === 1 ? second : first) ?? 0
}

/** @throws WinnowError `prerequisite_missing` unless Java is installed and new enough. */
export async function requireJava(): Promise<void> {
  const version = await javaVersion()
  if (version !== undefined && javaMajor(version) >= javaMajorMin) return
  const found = version === undefined ? 'Java is missing.' : `Java ${version} is too old.`
  throw new WinnowError('prerequisite_missing', `${found} ${installHints.java}`)
}

/** @throws WinnowError `prerequisite_missing` unless Maven is installed. */
export async function requireMaven(): Promise<void> {
  if ((await mavenVersion()) !== undefined) return
  throw new WinnowError('prerequisite_missing', `Maven is missing. ${installHints.maven}`)
}

function versionText(command: string, args: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 30_000 }, (error, stdout, stderr) => {
      // Java prints its version to stderr, and a launcher stub without Java exits with an error. So
      // both streams are read, but only if the program succeeded.
      resolve(error === null ? `${stdout}\n${stderr}` : undefined)
    })
  })
}
