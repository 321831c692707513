// The report of studies whose journals are written here: no trial is trained.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readRun } from '../tracking/read-run.ts'
import { createJournal, journalPath, type StudyEvent, type StudyStart } from '../tuning/journal.ts'
import type { SearchSpace } from '../tuning/space/space.ts'
import { writeRunReport } from './run-page.ts'
import { tunePage } from './tune-page.ts'

const hostile = '<script>alert(1)</script>'
const space: SearchSpace = [
  { name: 'lr', domain: { kind: 'float', low: 1e-5, high: 1e-3, scale: 'log' }, when: [] },
  { name: 'schedule', domain: { kind: 'categorical', choices: ['linear', hostile] }, when: [] },
  {
    name: 'warmup',
    domain: { kind: 'float', low: 0, high: 0.3, scale: 'linear' },
    when: [{ parameter: 'schedule', values: ['linear'] }],
  },
]
const start = {
  formatVersion: 1,
  name: 'mail',
  started: '2026-01-31T12:00:00Z',
  method: 'partial',
  metric: 'macro_f1',
  sampler: 'tpe',
  seed: 1,
  space,
  identity: {},
  request: { data: '/tmp/mail.jsonl', base: 'tiny', trials: 20 },
} as const satisfies Omit<StudyStart, 'run'>

let storeDir: string
beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-tune-page-'))
})
afterAll(() => rm(storeDir, { recursive: true, force: true }))

/** Writes a journal and gives the page. */
async function pageOf(
  run: string,
  events: readonly StudyEvent[],
  more: Partial<StudyStart> = {},
): Promise<string> {
  const path = journalPath(storeDir, run)
  const journal = await createJournal(path, { ...start, ...more, run })
  for (const event of events) await journal.append(event)
  await journal.close()
  return tunePage(storeDir, await readRun(dirname(path)))
}

function trial(number: number, value: number, state: 'complete' | 'pruned'): StudyEvent[] {
  const schedule = number % 3 === 0 ? hostile : 'linear'
  const lr = Number((1e-5 * 1.25 ** number).toPrecision(3))
  const parameters = { lr, schedule, ...(schedule === 'linear' && { warmup: 0.1 }) }
  const epochs = state === 'complete' ? 3 : 1
  const scores = { accuracy: value, macro_f1: value, log_loss: 1 - value }
  return [
    { kind: 'begun', trial: number, parameters },
    ...Array.from({ length: epochs }, (_, at): StudyEvent => {
      return { kind: 'epoch', trial: number, value: value - 0.01 * (epochs - 1 - at) }
    }),
    { kind: 'ended', trial: number, seconds: 2, parameters, state, value, scores },
  ]
}

const trials = Array.from({ length: 15 }, (_, number) =>
  trial(number, 0.7 + 0.01 * number, number % 4 === 3 ? 'pruned' : 'complete'),
).flat()

it('shows the best trial, the history, importances, curves and all trials', async () => {
  const page = await pageOf('20260131T120000-mail-000001', [
    ...trials,
    { kind: 'begun', trial: 15, parameters: { lr: 1e-4, schedule: 'linear', warmup: 0 } },
    {
      ...{ kind: 'ended', trial: 15, seconds: 1, state: 'failed', error: `it said ${hostile}` },
      parameters: { lr: 1e-4, schedule: 'linear', warmup: 0 },
    },
  ])
  expect(page).toContain('<strong>Best is trial 14:</strong> macro F1 84.0\u00A0%.')
  expect(page).toContain('The default recipe (trial 0) has 70.0\u00A0%.')
  expect(page).toContain('16 trials: 12 complete, 3 pruned, 1 failed.')
  expect(page).toContain('winnow tune --resume 20260131T120000-mail-000001')
  for (const heading of ['The best settings', 'How the search went', 'Which settings matter']) {
    expect(page).toContain(`>${heading}</h2>`)
  }
  expect(page).toMatch(/<span class="name">lr<\/span>.*<span class="figure">[\d.]+ %<\/span>/)
  expect(page).toContain('aria-label="Best macro F1 so far: 70.0 % at trial 0')
  expect(page).toContain('macro F1 by epoch of 15 trials, 3 of them pruned.')
  expect(page).toContain('it said &lt;script&gt;')
  expect(page).not.toMatch(/<script|NaN|undefined/)
})

it('shows the Pareto front of two metrics', async () => {
  const rated = (number: number, values: [number, number]): StudyEvent[] => {
    const parameters = { lr: 1e-4, schedule: 'linear', warmup: 0.1 }
    const [value, time] = values
    const scores = { accuracy: value, macro_f1: value, log_loss: 1, ms_per_text: time }
    const ended = { kind: 'ended', trial: number, seconds: 1, state: 'complete' } as const
    return [
      { kind: 'begun', trial: number, parameters },
      { ...ended, parameters, value, values, scores },
    ]
  }
  const page = await pageOf(
    '20260131T120000-mail-000002',
    [rated(0, [0.9, 3]), rated(1, [0.8, 1]), rated(2, [0.7, 2])].flat(),
    { metrics: ['macro_f1', 'ms_per_text'] },
  )
  expect(page).toContain('Pareto front of 2 trials: trial 0: macro F1 90.0 %, ms per text 3.000;')
  expect(page).toContain('There are too few trials to say which settings matter.')
})

it('has a page before the first trial has ended, and writes it into the folder', async () => {
  const run = '20260131T120000-mail-000003'
  expect(await pageOf(run, [])).toContain('<strong>No result yet:</strong> 0 trials')
  const path = await writeRunReport(storeDir, dirname(journalPath(storeDir, run)))
  expect(path).toBe(join(storeDir, 'runs', run, 'report.html'))
})
