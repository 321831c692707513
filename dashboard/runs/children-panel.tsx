// The folds of a cross-validation or the trials of a tune, with what differs between them.
import { useState } from 'preact/hooks'
import type { RunDetail } from '../api/answers.ts'
import { duration, figure, plural } from '../format/numbers.ts'
import { Panel } from '../parts/panel.tsx'
import { Scroll } from '../parts/scroll.tsx'
import { mainFigure, parameterText, spoken, stateTone } from './run-words.ts'

type Child = RunDetail['children'][number]

/** The table; by default in their order, or the best first. */
export function ChildrenPanel({ runs }: { runs: readonly Child[] }) {
  const [isByResult, setIsByResult] = useState(runs[0]?.kind !== 'fold')
  const noun = runs[0]?.kind ?? 'run'
  const parameters = varyingParameters(runs)
  const valueOf = (run: Child) => mainFigure(run.metrics)?.value ?? -Infinity
  const ordered = isByResult
    ? [...runs].sort((a, b) => valueOf(b) - valueOf(a))
    : [...runs].sort((a, b) => Number(a.number) - Number(b.number))
  const best = Math.max(...runs.map(valueOf))
  const figureName = runs.map((run) => mainFigure(run.metrics)?.name).find(Boolean) ?? 'Result'
  return (
    <Panel
      title={plural(runs.length, noun)}
      class="flush"
      aside={
        <label class="check">
          <input
            type="checkbox"
            checked={isByResult}
            onChange={(event) => {
              setIsByResult(event.currentTarget.checked)
            }}
          />
          Best first
        </label>
      }
    >
      <Scroll label="Folds or trials">
        <table class="list">
          <thead>
            <tr>
              <th scope="col" class="number">
                No.
              </th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                {figureName}
              </th>
              {parameters.map((name) => (
                <th key={name} scope="col" class="number">
                  {spoken(name)}
                </th>
              ))}
              <th scope="col" class="number">
                Took
              </th>
            </tr>
          </thead>
          <tbody>
            {ordered.map((run) => {
              const value = mainFigure(run.metrics)?.value
              return (
                <tr key={run.run}>
                  <td class="number">{run.number}</td>
                  <td>
                    <span class={`badge ${stateTone(run.state)}`}>{run.state}</span>
                  </td>
                  <td class={value === best ? 'number best' : 'number'}>
                    {value === undefined ? '–' : figure(value)}
                  </td>
                  {parameters.map((name) => (
                    <td key={name} class="number">
                      {parameterText(run.parameters[name])}
                    </td>
                  ))}
                  <td class="number">
                    {run.seconds === null ? '–' : duration(run.seconds * 1_000)}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  )
}

/** More columns than these do not fit beside each other. */
const columnsMax = 6

function varyingParameters(runs: readonly Child[]): string[] {
  const names = [...new Set(runs.flatMap(({ parameters }) => Object.keys(parameters)))]
  return names
    .filter(
      (name) => new Set(runs.map(({ parameters }) => parameterText(parameters[name]))).size > 1,
    )
    .slice(0, columnsMax)
}
