// How far two people who labelled the same events agree, beyond chance.
import { count, percent } from '../format/numbers.ts'
import { Answered, Empty, Panel } from '../parts/panel.tsx'
import { Scroll } from '../parts/scroll.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { useSession } from '../shell/session.ts'
import { kappaWord } from './kappa.ts'

/** People and pairs. */
export function AgreementPanel() {
  const { gateway } = useSession()
  const answer = useAnswer((signal) => gateway.agreement(signal), [])
  return (
    <div class="columns two">
      <Panel title="People">
        <Answered answer={answer} rows={4}>
          {({ people }) =>
            people.length === 0 ? (
              <Empty title="Nobody has labelled yet">Labels that people give appear here.</Empty>
            ) : (
              <table class="list">
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col" class="number">
                      Labels
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {people.map(({ by, labels }) => (
                    <tr key={by}>
                      <td>{by === '' ? 'without a name' : by}</td>
                      <td class="number">{count(labels)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Answered>
      </Panel>
      <Panel
        title="Pairs"
        note="Cohen's kappa: 1 is full agreement, 0 is what chance alone would give"
      >
        <Answered answer={answer} rows={4}>
          {({ pairs }) =>
            pairs.length === 0 ? (
              <Empty title="No event has labels of two people">
                When two people label the same events, you see here how far they agree.
              </Empty>
            ) : (
              <Scroll label="Pairs of people">
                <table class="list">
                  <thead>
                    <tr>
                      <th scope="col">People</th>
                      <th scope="col" class="number">
                        Events
                      </th>
                      <th scope="col" class="number">
                        Same label
                      </th>
                      <th scope="col" class="number">
                        Kappa
                      </th>
                      <th scope="col">Agreement</th>
                    </tr>
                  </thead>
                  <tbody>
                    {pairs.map(({ a, b, events, agreement, kappa }) => (
                      <tr key={`${a} ${b}`}>
                        <td>
                          {a} and {b}
                        </td>
                        <td class="number">{count(events)}</td>
                        <td class="number">{percent(agreement)}</td>
                        <td class="number">{kappa === null ? '–' : kappa.toFixed(2)}</td>
                        <td>{kappa === null ? 'too few labels' : kappaWord(kappa)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </Scroll>
            )
          }
        </Answered>
      </Panel>
    </div>
  )
}
