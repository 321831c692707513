// The report of a tune: which trial is best and by how much, which settings matter, how the trials
// went, and what came of the winner. A tune that is not finished has a report as well.
import { counted } from '../../schemas/counted.ts'
import { evaluationTiles } from '../report/report-html.ts'
import {
  barList,
  details,
  htmlTable,
  paragraph,
  section,
  type Section,
} from '../report/report-markup.ts'
import { figureTiles, reportPage } from '../report/report-page.ts'
import { drawPlots } from '../report/report-svg.ts'
import { formatFigure, type Headline } from '../report/report-tables.ts'
import type { Verdict } from '../report/report-verdict.ts'
import { readRunRecord, type RunRecord } from '../runs/run-record.ts'
import { settingsText, titleOf, valueText, type ScoreTitle } from '../tracking/run-words.ts'
import type { RecordedRun } from '../tracking/tracked-run.ts'
import { parameterImportance, type ParameterImportance } from '../tuning/importance.ts'
import { journalPath, readJournal, type StudyStart } from '../tuning/journal.ts'
import type { Parameter } from '../tuning/space/space.ts'
import { bestTrial, isBetter, observedTrials, type Trial } from '../tuning/study.ts'
import { frontSection } from './front-section.ts'
import { metricTitle } from './metric-title.ts'
import {
  historyPlot,
  parallelPlot,
  settingPlots,
  trialCurves,
  type PlottedStudy,
} from './study-plots.ts'

/** Settings with a plot of their own. */
const settingsPlottedMax = 6
const openTrialsMax = 15

/** A study with its best trial. */
type Study = {
  readonly run: RecordedRun
  readonly start: StudyStart
  readonly trials: readonly Trial[]
  readonly best: (Trial & { readonly value: number }) | undefined
  readonly title: ScoreTitle
}

/** The page of a tune. */
export async function tunePage(storeDir: string, run: RecordedRun): Promise<string> {
  const {
    start,
    trials: all,
    winner: published,
  } = await readJournal(journalPath(storeDir, run.run))
  // `filter` also passes over the hole that a lost line leaves.
  const trials = all().filter(Boolean)
  const study: Study = {
    run,
    start,
    trials,
    best: bestTrial(trials, start.metric),
    title: metricTitle(start.metric),
  }
  const plotted = plottedOf(study)
  const winner =
    run.trainingRun === null ? undefined : await readRunRecord(storeDir, run.trainingRun)
  const importance = parameterImportance(start.space, observedTrials(trials, start))
  return reportPage({
    title: `${run.name}: tune`,
    made: start.started,
    verdict: verdictOfStudy(study),
    facts: factsOf(study, winner),
    lead: studyTiles(study),
    sections: [
      await frontSection({ start, trials }),
      bestSection(study),
      await historySection(plotted),
      await settingsSection(plotted, importance),
      winnerSection({ run, record: winner, trial: published()?.trial }),
      trialsSection(study),
    ],
  })
}

function plottedOf({ start, trials, best, title }: Study): PlottedStudy | undefined {
  if (best === undefined) return undefined
  const { space, metric } = start
  const valued = trials.flatMap((trial) =>
    trial.value === undefined ? [] : [{ ...trial, value: trial.value }],
  )
  return { space, trials: valued, best: best.number, title, isLoss: isBetter(metric, 0, 1) }
}

function verdictOfStudy({ run, trials, best, title }: Study): Verdict {
  const states = (['complete', 'pruned', 'failed', 'running'] as const).flatMap((state) => {
    const count = trials.filter((trial) => trial.state === state).length
    return count === 0 ? [] : [`${count} ${state === 'running' ? 'not ended' : state}`]
  })
  const counts = `${counted(trials.length, 'trial')}: ${states.join(', ')}.`
  if (best === undefined) return { grade: 'No result yet', sentences: [counts] }
  const figure = (value: number): string => formatFigure(value, title.unit)
  const first = trials.find(({ number }) => number === 0)?.value
  const against =
    best.number === 0
      ? ' It has the default recipe: no other trial was better.'
      : first === undefined
        ? ''
        : ` The default recipe (trial 0) has ${figure(first)}.`
  const sentences = [
    `${title.name} ${figure(best.value)}.${against}`,
    counts,
    'Measured on held-out parts of the training texts. The best of many trials looks a little ' +
      'better than it is, because it was chosen on the same texts.',
  ]
  if (run.state === 'unfinished') {
    sentences.push(`Not finished. Continue with: winnow tune --resume ${run.run}`)
  }
  return { grade: `Best is trial ${best.number}`, sentences }
}

function factsOf({ run, start }: Study, winner: RunRecord | undefined): [string, string][] {
  const { method, sampler, seed } = start
  const { base } = run.parameters
  const data = winner?.dataManifest.train ?? run.data.train
  const examples = data?.examples == null ? '' : `, ${counted(data.examples, 'example')}`
  return [
    ['Run', run.run],
    ['Method', `${method} on ${valueText(base)}`],
    ...(data === undefined ? [] : ([['Data', `${data.source}${examples}`]] as [string, string][])),
    ['Search', `sampler ${sampler}, seed ${seed}`],
    ...(run.model === null ? [] : ([['Model', run.model]] as [string, string][])),
  ]
}

function studyTiles({ trials, best, title, run }: Study): string {
  if (best === undefined) return ''
  const seconds = trials.map((trial) => trial.seconds).sort((a, b) => a - b)
  const first = trials.find(({ number }) => number === 0)?.value
  const tiles: Headline[] = [
    { ...title, name: `best ${title.name}`, value: best.value, interval: null },
  ]
  if (first !== undefined) {
    tiles.push({ ...title, name: 'default recipe', value: first, interval: null })
  }
  for (const [name, value] of Object.entries(run.metrics)) {
    if (name === run.mainMetric) continue
    const other = titleOf(run.task, name)
    tiles.push({ ...other, name: `its ${other.name}`, value: value.value, interval: null })
  }
  const middle = seconds[Math.floor(seconds.length / 2)] ?? 0
  const total = seconds.reduce((sum, one) => sum + one, 0)
  return figureTiles(
    tiles,
    `All trials took ${total.toFixed(0)} s together, half of them at most ${middle.toFixed(1)} s.`,
  )
}

function bestSection({ start, trials, best }: Study): Section | undefined {
  if (best === undefined) return undefined
  const defaults = trials.find(({ number }) => number === 0)?.parameters ?? {}
  const rows = start.space.map((parameter) => [
    parameter.name,
    valueText(best.parameters[parameter.name]),
    valueText(defaults[parameter.name]),
    rangeText(parameter),
  ])
  return section('The best settings', [
    htmlTable({
      name: 'The best settings',
      head: ['setting', `trial ${best.number}`, 'default recipe', 'searched'],
      rows,
      kind: 'trials',
    }),
  ])
}

function rangeText({ domain, when }: Parameter): string {
  const range =
    domain.kind === 'categorical'
      ? domain.choices.join(', ')
      : `${domain.low} to ${domain.high}${domain.scale === 'log' ? ', by factors' : ''}`
  const conditions = when.map(({ parameter, values }) => `${parameter} is ${values.join(' or ')}`)
  return conditions.length === 0 ? range : `${range}; if ${conditions.join(' and ')}`
}

async function historySection(study: PlottedStudy | undefined): Promise<Section | undefined> {
  if (study === undefined) return undefined
  const curves = trialCurves(study)
  const plots = [historyPlot(study), ...(curves === undefined ? [] : [curves])]
  return section('How the search went', [await drawPlots(plots)])
}

async function settingsSection(
  study: PlottedStudy | undefined,
  importance: readonly ParameterImportance[],
): Promise<Section | undefined> {
  const complete = study?.trials.filter(({ state }) => state === 'complete') ?? []
  if (study === undefined || complete.length < 2) return undefined
  const names =
    importance.length > 0 ? importance.map(({ name }) => name) : study.space.map(({ name }) => name)
  return section('Which settings matter', [
    importancePart(importance, study),
    await drawPlots([parallelPlot(study)]),
    '<h3>Each setting by itself</h3>',
    await drawPlots(settingPlots(study, names.slice(0, settingsPlottedMax)), 'small'),
  ])
}

function importancePart(
  importance: readonly ParameterImportance[],
  { trials }: PlottedStudy,
): string {
  if (importance.length === 0) {
    return paragraph('There are too few trials to say which settings matter.')
  }
  const bars = importance.map(({ name, share, trials: count }) => ({
    name,
    share,
    text: `${formatFigure(share, 'share')}${count < trials.length ? `, ${count} trials` : ''}`,
  }))
  return (
    '<h3>Importance</h3>' +
    paragraph(
      'How much the values of a setting among the best tenth of the trials differ from those among ' +
        `all (PED-ANOVA, Watanabe et al. 2023). From ${counted(trials.length, 'trial')}: a rough guide.`,
    ) +
    barList(bars)
  )
}

function winnerSection({
  run: { trainingRun, model },
  record,
  trial,
}: {
  run: RecordedRun
  record: RunRecord | undefined
  trial: number | undefined
}): Section | undefined {
  if (trainingRun === null || model === null || record === undefined) return undefined
  return section('The model', [
    paragraph(
      `${model} was trained with the settings of trial ${trial}. Measured on ${record.measuredOn}. ` +
        `Its own report: winnow report ${trainingRun}`,
    ),
    evaluationTiles(record.evaluation),
  ])
}

function trialsSection({ start, trials, title }: Study): Section | undefined {
  const { metric } = start
  const ranked = trials.toSorted(
    (a, b) => rank(a) - rank(b) || compare(a, b) || a.number - b.number,
  )
  function rank({ state }: Trial): number {
    return ['complete', 'pruned', 'running', 'failed'].indexOf(state)
  }
  function compare({ value: a }: Trial, { value: b }: Trial): number {
    if (a === undefined || b === undefined || a === b) return 0
    return isBetter(metric, a, b) ? -1 : 1
  }
  const rows = ranked.map(({ number, state, value, seconds, epochs, parameters, error }) => [
    String(number),
    state,
    value === undefined ? '' : formatFigure(value, title.unit),
    epochs.length === 0 ? '' : String(epochs.length),
    `${seconds.toFixed(1)} s`,
    [settingsText(parameters), error ?? ''].filter((part) => part !== '').join(': '),
  ])
  const table = htmlTable({
    name: 'All trials',
    head: ['trial', 'state', title.name, 'epochs', 'took', 'settings'],
    rows,
    kind: 'trials',
  })
  const state = trials.length <= openTrialsMax ? 'open' : 'closed'
  return section('Trials', [
    details(`${counted(trials.length, 'trial')}, best first`, table, state),
  ])
}
