// The runs of the model store for the gateway, as `winnow runs list` and `runs show` find them.
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type {
  RunFilter,
  RunReader,
  RunSummary,
  ShownRun,
  ShownStep,
} from '../../gateway/runs/run-reader.ts'
import { versionReportFile } from '../../models/store/listed-versions.ts'
import { modelDir } from '../../models/store/version-files.ts'
import { reportFile } from '../../trainers/run-reports/run-page.ts'
import { readProgress, type RunProgress } from '../../trainers/tracking/progress-log.ts'
import { rememberRuns } from '../../trainers/tracking/remembered-runs.ts'
import { readRuns, runOrder } from '../../trainers/tracking/run-store.ts'
import type { ListedRun, TrackedRun } from '../../trainers/tracking/tracked-run.ts'
import { keepBriefly } from '../../models/runtime/briefly-kept.ts'
import { readReport } from './report-file.ts'

/** How long a list of runs is kept. */
const keptMsMax = 2_000

/** Reads the runs of a store. It holds nothing open. */
export function createRunLibrary(storeDir: string): RunReader {
  const read = rememberRuns()
  const runs = keepBriefly(() => readRuns(storeDir, { read }), { msMax: keptMsMax })
  const found = async (name: string): Promise<ListedRun | undefined> =>
    (await runs.read()).find(({ run }) => run === name)
  return {
    list: async (filter) => pageOf(await runs.read(), filter),
    async run(name) {
      const run = await found(name)
      return run && shownRun(storeDir, run)
    },
    async report(name) {
      const run = await found(name)
      for (const { dir, file } of run === undefined ? [] : reportsOf(storeDir, run)) {
        const report = await readReport(dir, { file })
        if (report !== undefined) return report
      }
      return undefined
    },
  }
}

function pageOf(all: readonly ListedRun[], { kind, name, limit, after }: RunFilter) {
  const from = after === undefined ? undefined : Buffer.from(after, 'base64url').toString()
  const wanted = all.filter(
    (run) =>
      (kind === undefined || (run.state !== 'damaged' && run.kind === kind)) &&
      (name === undefined || run.name === name) &&
      (from === undefined || runOrder(run).localeCompare(from, 'en') < 0),
  )
  const page = wanted.slice(0, limit)
  const last = page.at(-1)
  const isLast = last === undefined || page.length === wanted.length
  return {
    runs: page.map(summaryOf),
    ...(!isLast && { cursor: Buffer.from(runOrder(last)).toString('base64url') }),
  }
}

function summaryOf(run: ListedRun): RunSummary {
  const { name, state } = run
  if (run.state === 'damaged') {
    return {
      run: run.run,
      ...{ kind: null, name, model: null, method: null, state, started: null, seconds: null },
      ...{ metrics: {}, mainMetric: null, children: 0, reason: run.reason },
    }
  }
  const { kind, model, method, started, seconds, mainMetric, steps } = run
  const metrics = Object.entries(run.metrics).map(([metric, { value, interval }]) => [
    metric,
    { value, ...(interval !== null && { low: interval.low, high: interval.high }) },
  ])
  return {
    run: run.run,
    ...{ kind, name, model, method, state, started, seconds, mainMetric },
    metrics: Object.fromEntries(metrics) as RunSummary['metrics'],
    children: steps.of === 'epoch' ? 0 : steps.rows.length,
  }
}

async function shownRun(storeDir: string, run: ListedRun): Promise<ShownRun> {
  const hasReport = await anyIsThere(reportsOf(storeDir, run))
  const { versions } = run
  if (run.state === 'damaged') {
    return {
      ...summaryOf(run),
      ...{ parameters: {}, dataManifest: {}, environment: null, measuredOn: null, best: null },
      ...{ versions, trainingRun: null, tune: null, steps: [], parts: [], partsOf: null },
      hasReport,
    }
  }
  const { parameters, data, environment, measuredOn, trainingRun, tune, steps } = run
  const progress = await readProgress(run.dir)
  return {
    ...summaryOf(run),
    ...{ parameters, dataManifest: data, environment, measuredOn, trainingRun, tune, versions },
    best: steps.best,
    steps: steps.of === 'epoch' ? epochsOf(run) : [],
    parts: steps.of === 'epoch' ? [] : partsOf(run, progress),
    partsOf: steps.of === 'epoch' ? null : steps.of,
    hasReport,
  }
}

function epochsOf({ steps }: TrackedRun): ShownRun['steps'] {
  return steps.rows.map(({ step, metrics }) => ({ step: Number(step), metrics }))
}

function partsOf({ steps }: TrackedRun, progress: RunProgress | undefined): ShownStep[] {
  const points = (progress?.points ?? []).filter(({ series }) => series === 'epoch')
  const epochsByPart = Map.groupBy(points, ({ within }) => within)
  return steps.rows.map((row) => ({
    ...row,
    epochs: (epochsByPart.get(row.step) ?? []).map(({ step, metrics }) => ({ step, metrics })),
  }))
}

type ReportPlace = { readonly dir: string; readonly file: string }

/** The run's own report first; a training leaves its report with the version that it made. */
function reportsOf(storeDir: string, { dir, versions }: ListedRun): ReportPlace[] {
  return [
    { dir, file: reportFile },
    ...versions.map((ref) => {
      const [name = '', version = ''] = ref.split('@')
      return { dir: join(modelDir(storeDir, name), version), file: versionReportFile }
    }),
  ]
}

async function anyIsThere(places: readonly ReportPlace[]): Promise<boolean> {
  for (const { dir, file } of places) {
    const isThere = await access(join(dir, file)).then(
      () => true,
      () => false,
    )
    if (isThere) return true
  }
  return false
}
