// Unpacks files from a jar with the Maven client, which uses the user's mirrors, proxies and
// credentials. The caller checks the hashes of the files.
import { spawn } from 'node:child_process'
import { WinnowError } from '../../schemas/errors.ts'
import { mavenProxyArguments } from './maven-proxy.ts'
import type { ProxySettings } from './proxied-fetch.ts'

// Pinned, so that the command behaves the same on every machine.
const dependencyPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.11.0'
const outputBytesKept = 4_000

export type MavenUnpackRequest = {
  /** `group:artifact:version` of a jar. */
  readonly artifact: string
  /** Paths inside the jar. */
  readonly paths: readonly string[]
  /** An existing empty directory; the files appear in it under their paths. */
  readonly dir: string
  readonly proxy?: ProxySettings | undefined
  readonly signal?: AbortSignal | undefined
  /** Until the client is ended; 15 minutes if absent. */
  readonly msMax?: number | undefined
  /** The Maven program; `mvn` if absent. */
  readonly command?: string | undefined
}

/**
 * Unpacks `paths` of a jar into `dir`. An artifact in the local Maven repository needs no network.
 * Throws WinnowError 'prerequisite_missing' without Maven, 'download_failed' with Maven's last
 * error line if it fails, 'deadline_exceeded', or 'cancelled'.
 */
export async function unpackMavenArtifact(request: MavenUnpackRequest): Promise<void> {
  const msMax = request.msMax ?? 15 * 60_000
  const timeout = AbortSignal.timeout(msMax)
  const signals = request.signal ? [timeout, request.signal] : [timeout]
  const args = [
    '--batch-mode',
    '--no-transfer-progress',
    '--strict-checksums',
    `${dependencyPlugin}:unpack`,
    `-Dartifact=${request.artifact}`,
    `-Dmdep.unpack.includes=${request.paths.join(',')}`,
    `-DoutputDirectory=${request.dir}`,
    // A firewall that drops packets must not delay the next source for minutes. Maven up to 3.8
    // reads the first pair, and Maven 3.9 and later the second.
    '-Dmaven.wagon.http.connectionTimeout=5000',
    '-Dmaven.wagon.rto=30000',
    '-Daether.connector.connectTimeout=5000',
    '-Daether.connector.requestTimeout=30000',
    ...mavenProxyArguments(request.proxy),
  ]
  const { status, output } = await runClient({
    command: request.command ?? 'mvn',
    args,
    // Maven reads a pom.xml of its working directory and leaves markers there.
    cwd: request.dir,
    signal: AbortSignal.any(signals),
  })
  if (status === 0) return
  if (request.signal?.aborted) {
    throw new WinnowError('cancelled', `Cancelled: Maven fetching ${request.artifact}.`)
  }
  if (timeout.aborted) {
    throw new WinnowError('deadline_exceeded', `Maven took more than ${msMax} ms.`)
  }
  throw new WinnowError('download_failed', `Maven: ${lastErrorOf(output)}`, {
    details: { artifact: request.artifact, status, output },
  })
}

function runClient(options: {
  command: string
  args: readonly string[]
  cwd: string
  signal: AbortSignal
}): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const { command, args, cwd, signal } = options
    const child = spawn(command, args, { cwd, signal, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-outputBytesKept)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') {
        const message = `Maven is needed here and '${command}' was not found. Install Maven 3.8 or later.`
        reject(new WinnowError('prerequisite_missing', message, { cause: error }))
      } else if (error.name !== 'AbortError') reject(error)
    })
    child.on('close', (status) => resolve({ status, output }))
  })
}

function lastErrorOf(output: string): string {
  const lines = output.split('\n').filter((line) => line.startsWith('[ERROR]'))
  return (lines[0] ?? output.trim().split('\n').at(-1) ?? 'no output').replace('[ERROR] ', '')
}
