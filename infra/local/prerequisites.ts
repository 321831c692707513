// Finds the programs that the embedded stack needs outside npm: Java for Kafka and the registry,
// Maven to fetch them. It only asks for versions; nothing is installed.
import { execFile } from 'node:child_process'

import { WinnowError } from '../../schemas/errors.ts'

/** Kafka 4 runs on Java 17 and newer. */
export const javaMajorMin = 17

/** The sentences that say what to install; the set-up script shows the same ones. */
export const installHints = {
  java:
    `Install Java ${javaMajorMin} or newer (for example "apt install openjdk-17-jre-headless" or ` +
    '"brew install openjdk@17") and put `java` on the PATH: Kafka and the registry run on it.',
  maven:
    'Install Maven (for example "apt install maven" or "brew install maven") and put `mvn` on ' +
    'the PATH: it fetches Kafka and the registry once.',
} as const

/** The version that `java -version` tells, e.g. `17.0.15`; undefined where there is no Java. */
export async function javaVersion(): Promise<string | undefined> {
  const text = await versionText('java', ['-version'])
  return text === undefined ? undefined : /version "([^"]+)"/.exec(text)?.[1]
}

/** The version that `mvn --version` tells, e.g. `3.8.7`; undefined where there is no Maven. */
export async function mavenVersion(): Promise<string | undefined> {
  const text = await versionText('mvn', ['--version', '--batch-mode'])
  return text === undefined ? undefined : /Apache Maven ([\d.]+\S*)/.exec(text)?.[1]
}

/** The major number of a Java version: 17 for `17.0.15`, 8 for `1.8.0_392`. */
export function javaMajor(version: string): number {
  const [first, second] = version.split(/[._-]/).map(Number)
  return (first === 1 ? second : first) ?? 0
}

/** @throws WinnowError `prerequisite_missing` unless Java is there and new enough. */
export async function requireJava(): Promise<void> {
  const version = await javaVersion()
  if (version !== undefined && javaMajor(version) >= javaMajorMin) return
  const found = version === undefined ? 'Java is missing.' : `Java ${version} is too old.`
  throw new WinnowError('prerequisite_missing', `${found} ${installHints.java}`)
}

/** @throws WinnowError `prerequisite_missing` unless Maven is there. */
export async function requireMaven(): Promise<void> {
  if ((await mavenVersion()) !== undefined) return
  throw new WinnowError('prerequisite_missing', `Maven is missing. ${installHints.maven}`)
}

function versionText(command: string, args: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 30_000 }, (error, stdout, stderr) => {
      // Java writes its version to stderr, and a launcher stub without a Java behind it exits
      // with an error: both answers are read only where the program succeeded.
      resolve(error === null ? `${stdout}\n${stderr}` : undefined)
    })
  })
}
