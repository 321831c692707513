// The closing page of the demo: the measured figures, their SQL, and what to try next.
import { exampleQuery, type Confusion, type Latency } from './demo-figures.ts'
import type { Stage } from '../../serving/stage.ts'
import { countText, durationText, tableText, type Terminal } from '../terminal.ts'

export type DemoResult = {
  run: string
  model: string
  events: number
  rows: number
  deadLetters: number
  accuracy: number
  macroF1: number
  confusion: Pick<Confusion, 'labels' | 'matrix'>
  textsPerSecond: number
  /** Produce to row with mails arriving one at a time. */
  latencyMs: Latency
  /** Produce to row when all mails are produced at once: mostly waiting in Kafka. */
  backlogLatencyMs: Latency
  seconds: number
}

/** Prints the page. */
export async function showClosingPage(options: {
  result: DemoResult
  stage: Stage
  terminal: Terminal
  kept: boolean
}): Promise<void> {
  const { result, stage, terminal, kept } = options
  const { confusion, latencyMs, backlogLatencyMs } = result
  const heading = (text: string) => terminal.say(`\n${terminal.style('bold', text)}`)
  terminal.progressDone()
  heading(`${countText(result.events)} mails, none of them seen in training`)
  terminal.say(
    `   ${countText(result.rows)} rows + ${countText(result.deadLetters)} dead letters = ` +
      `${countText(result.events)} mails: nothing lost, nothing duplicated`,
  )
  terminal.say(
    `   accuracy ${(100 * result.accuracy).toFixed(2)} %, macro F1 ${(100 * result.macroF1).toFixed(2)} %`,
  )
  terminal.say()
  terminal.say(indented(confusionTable(confusion)))
  heading('Speed')
  terminal.say(`   ${result.textsPerSecond.toFixed(0)} mails per second at full speed`)
  terminal.say(`   produce to row, mails one at a time:         ${latencyText(latencyMs)}`)
  terminal.say(`   produce to row, all mails at once:           ${latencyText(backlogLatencyMs)}`)
  heading('In ClickHouse')
  const sql = exampleQuery(result.run)
  terminal.say(indented(terminal.style('dim', sql)))
  terminal.say(indented(await stage.analytics.text(sql, 'PrettyCompactMonoBlock')))
  heading('What to try next')
  for (const line of nextSteps(kept)) terminal.say(`   ${line}`)
  terminal.say(
    `\n${terminal.style('dim', `The demo took ${durationText(result.seconds * 1_000)}.`)}`,
  )
}

function confusionTable({ labels, matrix }: DemoResult['confusion']): string {
  return tableText(
    ['truth', ...labels.map((label) => `called ${label}`)],
    labels.map((label, index) => [label, ...matrix[index]!]),
  )
}

function latencyText({ p50, p95, p99 }: Latency): string {
  return `p50 ${durationText(p50)}, p95 ${durationText(p95)}, p99 ${durationText(p99)}`
}

/** The command line to show: that of a checkout, or of the installed package. */
const command = import.meta.url.endsWith('.ts') ? './winnow' : 'npx winnow'

function nextSteps(kept: boolean): string[] {
  if (!kept) {
    return [
      `${command} demo --keep    # the same, and then a dashboard to look at: http://127.0.0.1:18080/`,
      `${command} produce --data your-events.jsonl`,
      `${command} train --data your-labels.jsonl --name yours`,
    ]
  }
  return [
    `curl -s localhost:18080/v1/classify -H 'content-type: application/json' -d '{"texts":["You have won a free cruise"]}'`,
    `curl -s localhost:18080/v1/events -H 'content-type: application/json' -d '{"id":"my-1","text":"Lunch on Friday?"}'`,
    `${command} query "SELECT event_id, label, score FROM classifications ORDER BY classified_at DESC LIMIT 5"`,
    `${command} produce --data your-events.jsonl`,
    `${command} train --data your-labels.jsonl --name yours`,
  ]
}

function indented(text: string): string {
  return text.replace(/^/gm, '   ').trimEnd()
}
