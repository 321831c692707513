// Two versions on the events that both classified: how often they differ, where, and which is right.
import type { ModelVersion, VersionComparison } from '../api/answers.ts'
import { count } from '../format/numbers.ts'
import { LabelChip } from '../parts/label-chip.tsx'
import { Answered, Empty, Panel } from '../parts/panel.tsx'
import { Choice } from '../parts/segments.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import type { Route } from '../shell/routes.ts'
import { useSession } from '../shell/session.ts'
import { changeQuery } from '../shell/use-route.ts'
import { withRole } from './roles.ts'
import { comparisonWords } from './verdict.ts'

/** The comparison, with the choice of both versions. */
export function ComparePanel(props: {
  name: string
  versions: readonly ModelVersion[]
  route: Route
}) {
  const { name, versions, route } = props
  const { gateway } = useSession()
  const [a, b] = chosenPair(versions, route)
  const choices = versions.map(({ version, model }) => ({ value: version, name: model }))
  const answer = useAnswer<VersionComparison | undefined>(
    (signal) =>
      a === undefined || b === undefined || a === b
        ? Promise.resolve(undefined)
        : gateway.compare(name, { a, b }, signal),
    [name, a, b],
  )
  return (
    <Panel title="Compare two versions">
      <div class="try-tools">
        <Choice
          label="This"
          value={a ?? ''}
          choices={choices}
          onChoose={(value) => {
            changeQuery({ a: value })
          }}
        />
        <Choice
          label="with"
          value={b ?? ''}
          choices={choices}
          onChoose={(value) => {
            changeQuery({ b: value })
          }}
        />
      </div>
      {a === b ? (
        <Empty title={versions.length < 2 ? 'There is one version only' : 'Choose two versions'} />
      ) : (
        <Answered answer={answer} rows={6}>
          {(value) => value !== undefined && <Compared name={name} comparison={value} />}
        </Answered>
      )}
    </Panel>
  )
}

function chosenPair(versions: readonly ModelVersion[], { query }: Route) {
  const champion = withRole(versions, 'champion')?.version
  const rival =
    withRole(versions, 'shadow') ??
    withRole(versions, 'challenger') ??
    withRole(versions, 'previous')
  const a = query['a'] ?? champion ?? versions.at(-1)?.version
  const other = versions.findLast(({ version }) => version !== a)?.version
  const isRival = rival !== undefined && rival.version !== a
  return [a, query['b'] ?? (isRival ? rival.version : other)]
}

function Compared({ name, comparison }: { name: string; comparison: VersionComparison }) {
  const { a, b, flips } = comparison
  const most = Math.max(1, ...flips.map(({ events }) => events))
  return (
    <>
      {comparisonWords(name, comparison).map((sentence) => (
        <p key={sentence} class="sentence">
          {sentence}
        </p>
      ))}
      {flips.length > 0 && (
        <table class="list flips">
          <caption>Where they differ most</caption>
          <thead>
            <tr>
              <th scope="col">
                {name}@{a}
              </th>
              <th scope="col">
                {name}@{b}
              </th>
              <th scope="col" class="number">
                Events
              </th>
            </tr>
          </thead>
          <tbody>
            {flips.slice(0, 8).map((flip) => (
              <tr key={`${flip.a} ${flip.b}`}>
                <td>
                  <LabelChip label={flip.a} />
                </td>
                <td>
                  <LabelChip label={flip.b} />
                </td>
                <td class="number">
                  <span class="inline-bar" style={{ width: `${(flip.events / most) * 64}px` }} />
                  {count(flip.events)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  )
}
