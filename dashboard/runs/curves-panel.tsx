// The measures of a training, step by step.
import type { RunStep } from '../api/answers.ts'
import { Chart } from '../charts/chart.tsx'
import { figure } from '../format/numbers.ts'
import { Panel } from '../parts/panel.tsx'
import { curvesOf } from './curves.ts'
import { spoken } from './run-words.ts'

/** One chart for measures that lie between 0 and 1, one for losses and others. */
export function CurvesPanel({ steps }: { steps: readonly RunStep[] }) {
  const groups = curvesOf(steps)
  return (
    <div class={groups.length > 1 ? 'columns two' : 'columns'}>
      {groups.map(({ title, series }) => (
        <Panel key={title} title={title}>
          <Chart
            kind="lines"
            isTime={false}
            places={steps.map(({ step }) => step)}
            series={series.map((one, at) => ({
              name: spoken(one.name),
              colour: `--label-${(at % 7) + 1}`,
              values: one.values,
            }))}
            format={figure}
            description={`${title} over ${steps.length} steps: ${series
              .map(
                (one) =>
                  `${spoken(one.name)} ends at ${figure(one.values.findLast((value) => value !== null) ?? 0)}`,
              )
              .join(', ')}.`}
          />
        </Panel>
      ))}
    </div>
  )
}
