// Checks the prose of all documents and TypeScript files, or of those named, against our rules:
//   node scripts/prose/check-prose.ts [FILE...]
// Spelling is cspell's (cspell.yaml).
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { maskToProse } from './prose-mask.ts'
import { proseIssues } from './prose-rules.ts'

/**
 * Lists what was taken out of use on purpose, texts that tests compare byte by byte, and a page made
 * of comments that are checked where they stand.
 */
const unchecked = /^(?:tests\/fixtures\/|docs\/api\/|scripts\/prose\/|tests\/prose\.test\.ts$)/

const named = process.argv.slice(2)
const files = named.length > 0 ? named : filesInGit()
let issueCount = 0
for (const path of files) {
  const text = readFileSync(path, 'utf8')
  for (const { offset, found, advice } of proseIssues(path, maskToProse(path, text))) {
    const lines = text.slice(0, offset).split('\n')
    const place = `${path}:${lines.length}:${lines.at(-1)!.length + 1}`
    process.stdout.write(`${place} "${found}": write ${advice}\n`)
    issueCount++
  }
}
if (issueCount > 0) {
  process.stdout.write(`${issueCount} issues of prose; the rules are in scripts/prose/\n`)
  process.exitCode = 1
}

function filesInGit(): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.md']
  const listed = execFileSync('git', args, { encoding: 'utf8' }).split('\n')
  return [...new Set(listed)].filter((path) => path !== '' && !unchecked.test(path))
}
