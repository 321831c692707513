// The long form of the fault tests: one plan per seed on one stack, with progress, a Markdown
// table, and an exit status. The short form is faults.test.ts.
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { openGround } from './harness/ground.ts'
import { outage } from './harness/outage.ts'
import { describeStep, planOf } from './harness/plan.ts'
import { play, type Outcome } from './harness/play.ts'

const help = `Usage: npm run test:faults -- [--seeds N] [--from N] [--minutes N] [--report FILE] [--verbose]
       npm run test:faults -- --outage SECONDS

Runs the stages as processes on a stack of their own and lets faults happen to them: processes are killed
or stopped at named points, services end, links break, answers are lost, the disk fills up. After each
seed every event must be one row or one dead letter, and every label that of a clean run.

  --seeds N      how many seeds to run (default 10)
  --from N       the first seed (default 0); a seed fixes its plan
  --minutes N    stop beginning new seeds after so many minutes
  --outage N     instead of seeds: take ClickHouse away for N seconds, then slow inference down tenfold for as
                 long; memory must stay below 1.3 times what it was, and all be made up for
  --report FILE  write the table of results there as Markdown
  --verbose      show each step, and what the processes wrote when a seed fails

Examples:
  npm run test:faults -- --seeds 50 --report faults.md
  npm run test:faults -- --from 17 --seeds 1 --verbose
  npm run test:faults -- --outage 60
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '10' },
      from: { type: 'string', default: '0' },
      minutes: { type: 'string', default: '1000000' },
      outage: { type: 'string' },
      report: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return
  }
  if (values.outage !== undefined) return outages(wholeNumber('--outage', values.outage))
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

async function outages(seconds: number): Promise<void> {
  const forMs = seconds * 1_000
  const ground = await openGround()
  try {
    for (const [what, options] of [
      ['ClickHouse away', { forMs }],
      ['inference slow', { forMs, slowMs: 25 }],
    ] as const) {
      const { memoryFactor, lagAtEnd, problems } = await outage(ground, options)
      const held = problems.length === 0 && memoryFactor < 1.3 && lagAtEnd > 0
      const figures = `memory ${memoryFactor.toFixed(2)} times, lag at the end ${lagAtEnd} records`
      process.stdout.write(`${held ? 'held  ' : 'FAILED'}  ${what} for ${seconds} s: ${figures}\n`)
      for (const problem of problems) process.stdout.write(`        ${problem}\n`)
      if (!held) process.exitCode = 1
    }
  } finally {
    await ground.close()
  }
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
      plan.seed,
      plan.layout,
      plan.steps.map(describeStep).join('; '),
      counts?.events ?? '',
      counts?.rows ?? '',
      counts?.letters ?? '',
      seconds.toFixed(0),
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
