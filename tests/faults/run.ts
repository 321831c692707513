// The long form of the fault tests: one plan a seed on one stack, with progress, a table as Markdown, and
// an exit status. The short form is faults.test.ts.
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { openGround } from './harness/ground.ts'
import { describeStep, planOf } from './harness/plan.ts'
import { play, type Outcome } from './harness/play.ts'

const help = `Usage: npm run test:faults -- [--seeds N] [--from N] [--minutes N] [--report FILE] [--verbose]

Runs the stages as processes on a stack of their own and lets faults happen to them: processes are killed
or stopped at named points, services end, links break, answers are lost, the disk fills up. After each
seed every event must be one row or one dead letter, and every label that of a clean run.

  --seeds N      how many seeds to run (default 10)
  --from N       the first seed (default 0); a seed fixes its plan
  --minutes N    stop beginning new seeds after so many minutes
  --report FILE  write the table of results there as Markdown
  --verbose      show each step, and what the processes wrote when a seed fails

Examples:
  npm run test:faults -- --seeds 50 --report faults.md
  npm run test:faults -- --from 17 --seeds 1 --verbose
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '10' },
      from: { type: 'string', default: '0' },
      minutes: { type: 'string', default: '1000000' },
      report: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return
  }
  const count = wholeNumber('--seeds', values.seeds)
  const from = wholeNumber('--from', values.from)
  const endMs = Date.now() + wholeNumber('--minutes', values.minutes) * 60_000
  const outcomes: Outcome[] = []
  const ground = await openGround()
  try {
    for (let seed = from; seed < from + count && Date.now() < endMs; seed++) {
      const plan = planOf(seed)
      const outcome = await play(ground, plan, (line) => {
        if (values.verbose) process.stderr.write(`  ${line}\n`)
      })
      outcomes.push(outcome)
      process.stdout.write(`${progressLine(outcome)}\n`)
      if (values.report !== undefined) writeFileSync(values.report, reportOf(outcomes))
    }
  } finally {
    await ground.close()
  }
  const failed = outcomes.filter(({ problems }) => problems.length > 0)
  process.stdout.write(`${outcomes.length - failed.length} of ${outcomes.length} seeds held\n`)
  if (failed.length > 0) process.exitCode = 1
}

function progressLine({ plan, seconds, counts, problems }: Outcome): string {
  const steps = plan.steps.map(describeStep).join('; ')
  const what = `seed ${plan.seed} (${plan.layout}): ${steps}`
  const figures = `${counts?.rows ?? 0} rows, ${counts?.letters ?? 0} dead letters, ${seconds.toFixed(0)} s`
  if (problems.length === 0) return `held    ${what}: ${figures}`
  return `FAILED  ${what}: ${figures}\n${problems.map((one) => `        ${one}`).join('\n')}`
}

/** The results as a Markdown section. */
function reportOf(outcomes: readonly Outcome[]): string {
  const held = outcomes.filter(({ problems }) => problems.length === 0).length
  const rows = outcomes.map(({ plan, seconds, counts, problems }) =>
    [
      ...[plan.seed, plan.layout, plan.steps.map(describeStep).join('; ')],
      ...[counts?.events ?? '', counts?.rows ?? '', counts?.letters ?? '', seconds.toFixed(0)],
      problems.length === 0 ? 'held' : problems.join('; '),
    ].join(' | '),
  )
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'})`
  return [
    `${held} of ${outcomes.length} seeds held; ${machine}, load average at the end ` +
      `${loadavg()[0]!.toFixed(1)}, ${new Date().toISOString().slice(0, 10)}.`,
    '',
    '| seed | stages | what happened | events | rows | dead letters | seconds | result |',
    '| ---: | ------ | ------------- | -----: | ---: | -----------: | ------: | ------ |',
    ...rows.map((row) => `| ${row} |`),
    '',
  ].join('\n')
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0) return value
  process.stderr.write(`${name} ${text}: must be a whole number\n`)
  process.exit(2)
}

await main()
