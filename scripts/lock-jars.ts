// Writes the SHA-256 of every jar that a pinned pom names to a file next to that pom. Run it after
// a change of such a pom and review the difference: it decides which jars may run.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { runMaven } from '../infra/local/services/maven.ts'
import { hashesBelow } from '../infra/local/services/pinned-jars.ts'

/** A pom, the file for its hashes, and where the pom states the release of each pack. */
type Locked = { pom: string; hashes: string; releases: Record<string, RegExp> }

const locked: Locked[] = [
  {
    pom: 'infra/local/pom.xml',
    hashes: 'infra/local/jar-hashes.json',
    releases: {
      apicurio: /<apicurio\.version>([^<]+)/,
      kafka: /<kafka\.version>([^<]+)/,
    },
  },
  {
    pom: 'tests/support/s3-server.pom.xml',
    hashes: 'tests/support/s3-server-hashes.json',
    releases: { s3mock: /<artifactId>s3mock<\/artifactId>\s*<version>([^<]+)/ },
  },
]

const root = fileURLToPath(new URL('..', import.meta.url))

async function lock({ pom, hashes, releases }: Locked): Promise<void> {
  const text = readFileSync(join(root, pom), 'utf8')
  const targetDir = await mkdtemp(join(tmpdir(), 'winnow-lock-jars-'))
  try {
    await runMaven({ pom: join(root, pom), targetDir, onProgress: note })
    const packs: Record<string, object> = {}
    for (const [name, release] of Object.entries(releases)) {
      const version = release.exec(text)?.[1]
      if (version === undefined) throw new Error(`${pom} does not say the release of ${name}`)
      packs[name] = { version, files: await hashesBelow(join(targetDir, name)) }
    }
    await writeFile(join(root, hashes), `${JSON.stringify(packs, undefined, 2)}\n`)
    note(`${hashes} is written`)
  } finally {
    await rm(targetDir, { recursive: true, force: true })
  }
}

function note(line: string): void {
  process.stderr.write(`  ${line}\n`)
}

for (const entry of locked) await lock(entry)
