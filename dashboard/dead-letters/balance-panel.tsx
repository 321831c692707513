// The balance of each input topic: every record has a row, is an open dead letter, or waits.
import type { Balance } from '../api/answers.ts'
import { count, plural } from '../format/numbers.ts'
import { Icon } from '../parts/icon.tsx'
import { Answered, Empty, Panel } from '../parts/panel.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { useSession } from '../shell/session.ts'

/** The balance. */
export function BalancePanel() {
  const { gateway } = useSession()
  const answer = useAnswer((signal) => gateway.balance(signal), [], { refreshMs: 10_000 })
  return (
    <Panel title="Is anything lost?">
      <Answered answer={answer} rows={3}>
        {({ topics }) =>
          topics.length === 0 ? (
            <Empty title="No topic is read" />
          ) : (
            <>
              {topics.map((topic) => (
                <TopicBalance key={topic.topic} topic={topic} />
              ))}
            </>
          )
        }
      </Answered>
    </Panel>
  )
}

function TopicBalance({ topic }: { topic: Balance['topics'][number] }) {
  const { records, rows, openDeadLetters, filtered, waiting, difference } = topic
  const parts = [
    { name: 'have a row', events: rows, colour: 'var(--good)' },
    { name: 'are open dead letters', events: openDeadLetters, colour: 'var(--bad)' },
    ...(filtered === 0
      ? []
      : [
          {
            name: 'are left out by a filter',
            events: filtered,
            colour: 'var(--line-2)',
          },
        ]),
    { name: 'wait', events: waiting, colour: 'var(--line-3)' },
  ]
  return (
    <div class="balance">
      <p class="balance-sum">
        <code>{topic.topic}</code> <b>{plural(records, 'record')}</b>{' '}
        {difference === 0 ? (
          <span class="good">
            <Icon name="check" /> nothing is lost
          </span>
        ) : (
          <span class="warn">
            <Icon name="warning" /> {count(Math.abs(difference))}{' '}
            {difference > 0 ? 'not accounted for yet' : 'more rows than records'}
          </span>
        )}
      </p>
      <div class="way" aria-hidden="true">
        {parts.map(({ name, events, colour }) => (
          <span key={name} style={{ flexGrow: events, background: colour }} />
        ))}
      </div>
      <ul class="legend">
        {parts.map(({ name, events, colour }) => (
          <li key={name}>
            <i style={{ background: colour }} />
            <b>{count(events)}</b> {name}
          </li>
        ))}
      </ul>
      {difference !== 0 && (
        <p class="note">
          {difference > 0
            ? 'They may be in flight. If the number stays, docs/dead-letters.md says how to find them.'
            : 'Kafka deletes old records; their rows stay.'}
        </p>
      )}
    </div>
  )
}
