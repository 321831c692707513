// One run: its figures, curves, folds or trials, settings, data, and report.
import type { RunDetail } from '../api/answers.ts'
import { duration, figure } from '../format/numbers.ts'
import { ReportFrame } from '../models/report-dialog.tsx'
import { CopyLine } from '../parts/copy-button.tsx'
import { Answered, Panel } from '../parts/panel.tsx'
import { Ago } from '../parts/time.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { fragmentOf } from '../shell/routes.ts'
import { useSession } from '../shell/session.ts'
import { ChildrenPanel } from './children-panel.tsx'
import { CurvesPanel } from './curves-panel.tsx'
import { flatEntries, parameterText, spoken, stateTone } from './run-words.ts'

/** The page of one run. */
export function RunDetailView({ id }: { id: string }) {
  const { gateway } = useSession()
  const answer = useAnswer((signal) => gateway.run(id, signal), [id], {
    refreshMs: 10_000,
    keep: true,
  })
  const run = answer.value
  return (
    <div class="view">
      <header class="view-head">
        <div>
          <p class="crumbs">
            <a href={fragmentOf({ view: 'runs' })}>Runs</a>
          </p>
          <h1>{run === undefined ? 'Run' : [run.kind, run.name].filter(Boolean).join(' ')}</h1>
          <p class="lead">
            {run === undefined ? (
              id
            ) : (
              <>
                <span class={`badge ${stateTone(run.state)}`}>{run.state}</span>
                {run.started !== null && (
                  <>
                    {' '}
                    started <Ago time={run.started} />
                  </>
                )}
                {run.seconds !== null && `, took ${duration(run.seconds * 1_000)}`}
                {run.model !== null && `, made ${run.model}`}
              </>
            )}
          </p>
        </div>
      </header>
      <Answered answer={answer} rows={14}>
        {(value) => <RunContent run={value} />}
      </Answered>
    </div>
  )
}

function RunContent({ run }: { run: RunDetail }) {
  const { gateway, me } = useSession()
  return (
    <>
      <Figures metrics={run.metrics} />
      {run.steps.length > 1 && <CurvesPanel steps={run.steps} />}
      {run.children.length > 0 && <ChildrenPanel runs={run.children} />}
      <div class="columns two">
        <Panel title="Settings">
          <Values values={run.parameters} />
        </Panel>
        <Panel title="Data and environment">
          <Values values={{ ...run.dataManifest, ...run.environment }} />
          <CopyLine text={run.run} label="Copy the name of the run" />
        </Panel>
      </div>
      {run.hasReport && !me.textsMasked && (
        <Panel title="Report" class="flush">
          <ReportFrame
            title={`Report of ${run.run}`}
            load={(signal) => gateway.runReport(run.run, signal)}
          />
        </Panel>
      )}
    </>
  )
}

/** More figures than these are in the report. */
const figuresMax = 8

function Figures({ metrics }: { metrics: RunDetail['metrics'] }) {
  const entries = Object.entries(metrics).filter(([, value]) => typeof value === 'number')
  if (entries.length === 0) return null
  return (
    <div class="tiles small">
      {entries.slice(0, figuresMax).map(([name, value]) => (
        <div key={name} class="tile">
          <span class="tile-name">{spoken(name)}</span>
          <span class="tile-figure">{figure(value)}</span>
        </div>
      ))}
    </div>
  )
}

function Values({ values }: { values: Readonly<Record<string, unknown>> }) {
  const entries = flatEntries(values)
  return (
    <dl class="facts">
      {entries.map(([name, value]) => (
        <>
          <dt>{spoken(name)}</dt>
          <dd class="value">{parameterText(value)}</dd>
        </>
      ))}
    </dl>
  )
}
