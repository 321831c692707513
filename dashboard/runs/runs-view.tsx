// Trainings, cross-validations and tunings: a list, and one of them in detail.
import type { Run } from '../api/answers.ts'
import { duration, figure, plural } from '../format/numbers.ts'
import { Answered, Empty, Panel } from '../parts/panel.tsx'
import { Scroll } from '../parts/scroll.tsx'
import { Segments } from '../parts/segments.tsx'
import { Ago } from '../parts/time.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { fragmentOf, type Route } from '../shell/routes.ts'
import { useSession } from '../shell/session.ts'
import { changeQuery } from '../shell/use-route.ts'
import { RunDetailView } from './run-detail.tsx'
import { mainFigure, stateTone } from './run-words.ts'

const kinds = [
  { key: '', name: 'All' },
  { key: 'train', name: 'Train' },
  { key: 'cv', name: 'Cross-validation' },
  { key: 'tune', name: 'Tune' },
] as const

/** The Runs view. */
export function RunsView({ route }: { route: Route }) {
  return route.id === undefined ? (
    <RunList route={route} />
  ) : (
    <RunDetailView key={route.id} id={route.id} />
  )
}

function RunList({ route }: { route: Route }) {
  const { gateway } = useSession()
  const { kind, cursor } = route.query
  const answer = useAnswer(
    (signal) => gateway.runs({ kind, cursor, limit: 50 }, signal),
    [kind, cursor],
    { refreshMs: 15_000 },
  )
  return (
    <div class="view">
      <header class="view-head">
        <div>
          <h1>Runs</h1>
          <p class="lead">What train, cv and tune did</p>
        </div>
        <div class="tools">
          <Segments
            label="Kind of run"
            choices={kinds}
            chosen={kinds.find(({ key }) => key === kind)?.key ?? ''}
            onChoose={(key) => {
              changeQuery({ kind: key, cursor: undefined })
            }}
          />
        </div>
      </header>
      <Panel title="Newest first" class="flush">
        <Answered answer={answer} rows={10}>
          {({ runs, cursor: next }) =>
            runs.length === 0 ? (
              <Empty title="There is no run">
                Start one with <code>winnow train --data FILE.jsonl --name NAME</code>.
              </Empty>
            ) : (
              <>
                <RunTable runs={runs} />
                {next !== undefined && (
                  <p class="more">
                    <button
                      type="button"
                      onClick={() => {
                        changeQuery({ cursor: next })
                      }}
                    >
                      Show older
                    </button>
                  </p>
                )}
              </>
            )
          }
        </Answered>
      </Panel>
    </div>
  )
}

function RunTable({ runs }: { runs: readonly Run[] }) {
  return (
    <Scroll label="Runs">
      <table class="list stack">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">State</th>
            <th scope="col">Model</th>
            <th scope="col">Method</th>
            <th scope="col" class="number">
              Result
            </th>
            <th scope="col" class="number">
              Took
            </th>
            <th scope="col">Started</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => {
            const main = mainFigure(run.metrics, run.mainMetric)
            return (
              <tr key={run.run}>
                <td>
                  <a href={fragmentOf({ view: 'runs', id: run.run })}>
                    <b>{run.kind}</b> {run.name}
                  </a>
                  <small class="run-id">{run.run}</small>
                </td>
                <td data-name="State">
                  <span class={`badge ${stateTone(run.state)}`}>{run.state}</span>
                </td>
                <td data-name="Model">{run.model ?? '–'}</td>
                <td data-name="Method">
                  {run.method ?? '–'}
                  {run.children > 0 && (
                    <small>, {plural(run.children, run.kind === 'cv' ? 'fold' : 'trial')}</small>
                  )}
                </td>
                <td data-name="Result" class="number">
                  {main === undefined ? '–' : `${main.name} ${figure(main.value)}`}
                </td>
                <td data-name="Took" class="number">
                  {run.seconds === null ? '–' : duration(run.seconds * 1_000)}
                </td>
                <td data-name="Started">
                  {run.started === null ? '–' : <Ago time={run.started} />}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </Scroll>
  )
}
