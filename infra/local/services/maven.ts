// Runs Maven on a pinned pom that copies jars into a folder. It checks no hashes: pinned-jars.ts
// does, before any file is used.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

import { WinnowError } from '../../../schemas/errors.ts'

/** Lines of Maven's report in the message of a failure. */
const reportLinesMax = 12

/**
 * Runs the phase generate-resources of `pom` with the property `targetDir`.
 *
 * @throws WinnowError `download_failed` with the end of Maven's report, `cancelled`.
 */
export function runMaven(options: {
  pom: string
  targetDir: string
  onProgress: (line: string) => void
  signal?: AbortSignal | undefined
}): Promise<void> {
  const goal = ['generate-resources', `-DtargetDir=${options.targetDir}`]
  // Winnow pins no hash of Maven's own plugin; --strict-checksums at least checks the repository's.
  const args = ['-B', '--strict-checksums', '-f', options.pom, ...goal]
  const maven = spawn('mvn', args, { stdio: ['ignore', 'pipe', 'pipe'], signal: options.signal })
  const report: string[] = []
  let files = 0
  const read = (line: string) => {
    const download = /Downloaded from \S+ \S*\/(\S+\.(?:jar|tar\.gz)) \(([^)]*)\)/.exec(line)
    if (download !== null) {
      files += 1
      options.onProgress(`${files} ${download[1] ?? ''} (${download[2] ?? ''})`)
    } else if (!/^\S*(Downloading|Progress)/.test(line) && line.trim() !== '') {
      report.push(line)
      if (report.length > reportLinesMax) report.shift()
    }
  }
  createInterface({ input: maven.stdout }).on('line', read)
  createInterface({ input: maven.stderr }).on('line', read)
  return new Promise((resolve, reject) => {
    maven.on('error', (cause) => {
      const isCancelled = options.signal?.aborted === true
      const code = isCancelled ? 'cancelled' : 'download_failed'
      reject(new WinnowError(code, `Maven could not be run: ${cause.message}`, { cause }))
    })
    maven.on('close', (exitCode) => {
      if (exitCode === 0) resolve()
      else reject(mavenFailed(options.pom, report))
    })
  })
}

function mavenFailed(pom: string, report: readonly string[]): WinnowError {
  const text = `Maven could not fetch the files that ${pom} names:\n${report.join('\n')}`
  return new WinnowError('download_failed', text)
}
