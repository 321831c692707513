// One event, opened beside the list: its text with the words that led to its label, what to do if
// the label is wrong, and the way that the event took.
import type { Result } from '../api/answers.ts'
import { duration, percent } from '../format/numbers.ts'
import { exactTime } from '../format/times.ts'
import { CopyLine } from '../parts/copy-button.tsx'
import { ExplainedText, ExplanationLegend } from '../parts/explained-text.tsx'
import { LabelChip, labelName } from '../parts/label-chip.tsx'
import { DetailPanel } from '../parts/detail-panel.tsx'
import { Answered, Failure } from '../parts/panel.tsx'
import { ProbabilityBars } from '../parts/probability-bars.tsx'
import { Ago } from '../parts/time.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { useSession } from '../shell/session.ts'
import { CorrectLabel } from './correct-label.tsx'

/** The panel of one event. Escape closes it. */
export function EventDetail({ id }: { id: string }) {
  const { gateway } = useSession()
  const answer = useAnswer((signal) => gateway.result(id, signal), [id])
  return (
    <DetailPanel title="Event">
      <Answered answer={answer} rows={12}>
        {({ results }) => {
          const [first, ...others] = results
          return first === undefined ? null : <EventContent result={first} others={others} />
        }}
      </Answered>
    </DetailPanel>
  )
}

function EventContent({ result, others }: { result: Result; others: readonly Result[] }) {
  return (
    <div class="detail-body">
      <p class="verdict">
        <LabelChip label={result.label} score={percent(result.score)} />
        <span>
          by {result.model}, <Ago time={result.classifiedAt} />
        </span>
      </p>
      <Why result={result} />
      <CorrectLabel id={result.id} label={result.label} />
      <section>
        <h3>How sure the model is</h3>
        <ProbabilityBars probabilities={result.probabilities} outOfScope={result.outOfScope} />
      </section>
      <section>
        <h3>The way it took</h3>
        <Way result={result} />
      </section>
      {others.length > 0 && (
        <section>
          <h3>Other versions</h3>
          <ul class="plain">
            {others.map((other) => (
              <li key={other.model}>
                <LabelChip label={other.label} score={percent(other.score)} /> {other.model},{' '}
                {other.role}
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  )
}

/** The text with its explanation, which is asked for at once: it is why people open an event. */
function Why({ result }: { result: Result }) {
  const { gateway, me } = useSession()
  const { text, label } = result
  const isPossible = me.explain && text !== '' && me.model !== null && label !== 'winnow.none'
  const answer = useAnswer(
    (signal) =>
      isPossible ? gateway.explain({ text, label }, signal) : Promise.resolve(undefined),
    [text, label, isPossible],
  )
  const explanation = answer.value
  return (
    <section>
      <h3>
        Why {labelName(label)}?
        {explanation !== undefined && (
          <small>
            {explanation.model === result.model ? '' : `as ${explanation.model} sees it, `}by{' '}
            {explanation.method}
          </small>
        )}
      </h3>
      <ExplainedText text={text} words={explanation?.words ?? []} />
      {me.textsMasked && (
        <p class="note">
          Your API key sees texts without mail addresses, phone, card and account numbers; the words
          are explained without them too.
        </p>
      )}
      {explanation !== undefined && <ExplanationLegend label={labelName(label)} />}
      {isPossible && explanation === undefined && answer.error === undefined && (
        <p class="note" role="status">
          Finding the words that led to this label…
        </p>
      )}
      {answer.error !== undefined && <Failure error={answer.error} retry={answer.reload} />}
      {explanation?.truncated === true && (
        <p class="note">The model read only the start of this text.</p>
      )}
    </section>
  )
}

function Way({ result }: { result: Result }) {
  const { queueMs, inferMs, totalMs, origin } = result
  const before = Math.max(0, totalMs - queueMs - inferMs)
  const parts = [
    { name: 'Kafka and reading', ms: before, colour: '--line-3' },
    { name: 'waiting for a batch', ms: queueMs, colour: '--line-2' },
    { name: 'in the model', ms: inferMs, colour: '--line-1' },
  ]
  return (
    <>
      <div class="way" role="img" aria-label={`In all ${duration(totalMs)}`}>
        {parts.map(({ name, ms, colour }) => (
          <span key={name} style={{ flexGrow: ms, background: `var(${colour})` }} />
        ))}
      </div>
      <dl class="facts">
        {parts.map(({ name, ms, colour }) => (
          <>
            <dt>
              <i style={{ background: `var(${colour})` }} />
              {name}
            </dt>
            <dd>{duration(ms)}</dd>
          </>
        ))}
        <dt>In all</dt>
        <dd>{duration(totalMs)}</dd>
        <dt>Sent</dt>
        <dd>{exactTime(result.eventTime)}</dd>
        <dt>Classified</dt>
        <dd>{exactTime(result.classifiedAt)}</dd>
        {result.source !== '' && (
          <>
            <dt>Source</dt>
            <dd>{result.source}</dd>
          </>
        )}
        {Object.entries(result.attributes).map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
        <dt>Tokens</dt>
        <dd>
          {result.tokens}
          {result.truncated && ' (cut)'}
        </dd>
        <dt>Record</dt>
        <dd>
          {origin.topic}/{origin.partition}/{origin.offset}
        </dd>
      </dl>
      <CopyLine text={result.id} label="Copy the event id" />
    </>
  )
}
