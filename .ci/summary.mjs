// Prints the ten test files that took longest, and ends with the line `N passed, N failed`:
//   node .ci/summary.mjs RESULTS.json FAILED_STEPS
import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'

const [file, failedSteps] = process.argv.slice(2)
const nothing = { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, testResults: [] }
const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
const report = text === '' ? nothing : JSON.parse(text)
const files = report.testResults ?? []

const slowest = files
  .map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1_000 }))
  .sort((a, b) => b.seconds - a.seconds)
  .slice(0, 10)
if (slowest.length > 0) console.log('--- slowest test files (seconds, waiting included)')
for (const { name, seconds } of slowest) {
  console.log(`${seconds.toFixed(1).padStart(7)}  ${relative('.', name)}`)
}

// A file that could not be loaded has no test that failed.
const broken = files.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
)
const failed = Math.max(report.numFailedTests + broken.length, Number(failedSteps) > 0 ? 1 : 0)
const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : ''
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped}`)
