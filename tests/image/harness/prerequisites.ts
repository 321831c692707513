// Finds what `npm run test:image` needs and the machine lacks. It installs nothing; each missing
// part gives one sentence that says what to do.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The sentences for all that is missing; empty if the image can be built and run. */
export function missingPrerequisites(options: { needsBase: boolean }): string[] {
  if (process.platform !== 'linux') {
    return ['An image can be built and run here on Linux only: run this command on Linux.']
  }
  const problems: string[] = []
  const programs = [...(options.needsBase ? ['debootstrap'] : []), 'buildah']
  const absent = programs.filter((program) => !isOnPath(program))
  if (absent.length > 0) {
    const names = absent.join(' ')
    const are = absent.length > 1 ? 'are' : 'is'
    problems.push(`${absent.join(' and ')} ${are} missing. Run \`apt-get install ${names}\`.`)
  }
  if (process.getuid?.() !== 0) {
    problems.push(
      'Not root: containers are started without an engine, which only root may do. Run ' +
        '`sudo -E npm run test:image`, or run it in a virtual machine.',
    )
  }
  return problems
}

function isOnPath(program: string): boolean {
  // System programs may be in folders that a user's PATH lacks.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => existsSync(join(folder, program)))
}
