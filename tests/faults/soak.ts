// The long form of the soak test, with a Markdown report and an exit status. The short form is
// tests/integration/hot-swap.test.ts. package.json gives this one a larger heap, so that fewer of
// its own garbage collections affect what it measures.
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { openGround } from './harness/ground.ts'
import { mb, soak, type SoakOutcome } from './harness/soak.ts'

const help = `Usage: npm run test:soak -- [--minutes N] [--swaps N] [--report FILE]

Puts events on the topic and through the gateway and classifies texts by HTTP, while the champion of the
model is swapped again and again. Nothing may fail, be lost or be doubled; latency and memory stay flat.

  --minutes N    how long (default 30)
  --swaps N      how many swaps (default 200 for 30 minutes, in proportion for others)
  --report FILE  write the report there as Markdown

Example:
  npm run test:soak -- --minutes 5 --report soak.md
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '30' },
      swaps: { type: 'string' },
      report: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return
  }
  const minutes = Number(values.minutes)
  const swaps = Number(values.swaps ?? Math.max(6, Math.round((minutes * 200) / 30)))
  if (!(minutes > 0) || !Number.isInteger(swaps) || swaps < 5) {
    process.stderr.write('--minutes must be more than 0, and --swaps a whole number from 5\n')
    process.exit(2)
  }
  const ground = await openGround()
  try {
    const note = (line: string) => process.stderr.write(`  ${line}\n`)
    const outcome = await soak(ground, { minutes, swaps, note })
    const report = reportOf(outcome)
    process.stdout.write(report)
    if (values.report !== undefined) writeFileSync(values.report, report)
    if (verdicts(outcome).some(({ held }) => !held)) process.exitCode = 1
  } finally {
    await ground.close()
  }
}

function verdicts(outcome: SoakOutcome): { what: string; found: string; held: boolean }[] {
  const { p99Ms, rssBytes, failed, requests, problems, counts } = outcome
  const slower = p99Ms.swapping / p99Ms.steady
  const larger = rssBytes.last / rssBytes.fifth
  const failures = Object.values(failed).reduce((sum, n) => sum + n, 0)
  return [
    { what: 'no failed request', found: `${failures} of ${requests}`, held: failures === 0 },
    {
      what: 'each event once, rollups and labels as in a clean run',
      found: `${counts.events} events, ${counts.rows} rows, ${counts.letters} dead letters`,
      held: problems.length === 0,
    },
    {
      what: 'p99 of classify during swaps at most 1.5 times that between them',
      found: `${p99Ms.swapping.toFixed(0)} against ${p99Ms.steady.toFixed(0)} ms: ${slower.toFixed(2)}`,
      held: slower <= 1.5,
    },
    {
      what: 'memory after the last swap at most 1.2 times that after the fifth',
      found: `${mb(rssBytes.last)} against ${mb(rssBytes.fifth)}: ${larger.toFixed(2)}`,
      held: larger <= 1.2,
    },
  ]
}

function reportOf(outcome: SoakOutcome): string {
  const rows = verdicts(outcome).map(({ what, found, held }) =>
    [what, found, held ? 'held' : 'not held'].join(' | '),
  )
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'})`
  return [
    `${outcome.swaps} swaps in ${outcome.seconds.toFixed(0)} s; ${machine}, load average at the end ` +
      `${loadavg()[0]!.toFixed(1)}, ${new Date().toISOString().slice(0, 10)}.`,
    '',
    '| promise | found | result |',
    '| ------- | ----- | ------ |',
    ...rows.map((row) => `| ${row} |`),
    '',
    ...outcome.problems.map((problem) => `- ${problem}`),
    '',
  ].join('\n')
}

await main()
