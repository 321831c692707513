// How the parts of the pipeline do: waiting records, batches, workers, and what was rejected.
import type { Lag, Summary } from '../api/answers.ts'
import { count, duration, percent, plural, shortCount } from '../format/numbers.ts'
import { Bars } from '../parts/bars.tsx'
import { Answered, Empty, Panel, Skeleton } from '../parts/panel.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { fragmentOf } from '../shell/routes.ts'
import { useSession } from '../shell/session.ts'

/** The column beside the results. */
export function PipelinePanels({ summary }: { summary: Summary | undefined }) {
  const { gateway } = useSession()
  const lag = useAnswer((signal) => gateway.lag(signal), [], { refreshMs: 5_000 })
  return (
    <div class="column">
      <DeadLetterPanel summary={summary} />
      <Panel title="Waiting in Kafka" note="Records that no stage has taken yet, by partition">
        <Answered answer={lag} rows={3}>
          {(value) => <LagBars lag={value} />}
        </Answered>
      </Panel>
      <Panel title="Model at work">
        {summary === undefined ? <Skeleton rows={5} /> : <Batches summary={summary} />}
      </Panel>
    </div>
  )
}

function LagBars({ lag }: { lag: Lag }) {
  const partitions = lag.consumers.flatMap(({ stage, topic, partitions: own }) =>
    own.map((partition) => ({ stage, topic, ...partition })),
  )
  if (partitions.length === 0) {
    return (
      <Empty title="No stage consumes">
        Start one with <code>winnow stream</code>.
      </Empty>
    )
  }
  const most = Math.max(1, ...partitions.map((partition) => partition.lag))
  const all = partitions.reduce((sum, partition) => sum + partition.lag, 0)
  return (
    <>
      <p class="figure-line">
        <b>{count(all)}</b> {all === 0 ? 'records wait: the stages keep up' : 'records wait'}
      </p>
      <Bars
        label="Records waiting by partition"
        bars={partitions.slice(0, 24).map((one) => ({
          key: `${one.stage}/${one.topic}/${one.partition}`,
          name: `${lag.consumers.length > 1 ? `${one.stage} ` : ''}${one.topic}/${one.partition}`,
          share: one.lag / most,
          figure: count(one.lag),
          title: `committed ${one.committed === null ? 'nothing' : count(one.committed)} of ${count(one.end)}`,
        }))}
      />
    </>
  )
}

function Batches({ summary }: { summary: Summary }) {
  const { batches, workers, cache } = summary
  if (batches.batches === 0) return <Empty title="No batch ran in this range" />
  const fill = batches.paddedTokens === 0 ? 0 : batches.tokens / batches.paddedTokens
  const asked = cache === null ? 0 : cache.hits + cache.misses
  return (
    <>
      <dl class="facts">
        <dt>Batches</dt>
        <dd>{count(batches.batches)}</dd>
        <dt>Texts in a batch</dt>
        <dd>{shortCount(batches.textsPerBatch)}</dd>
        <dt title="Share of the tokens in a batch that are no padding">Batch fill</dt>
        <dd>{percent(fill)}</dd>
        {batches.runMs !== null && (
          <>
            <dt>A batch runs</dt>
            <dd>
              {duration(batches.runMs.p50)} <small>p99 {duration(batches.runMs.p99)}</small>
            </dd>
          </>
        )}
        {asked > 0 && (
          <>
            <dt>Known texts</dt>
            <dd>{percent(cache!.hits / asked)}</dd>
          </>
        )}
      </dl>
      {workers.length > 0 && (
        <Bars
          label="How busy each worker is"
          bars={workers.map(({ worker, model, use }) => ({
            key: `${model}/${worker}`,
            name: `worker ${worker}, ${model}`,
            share: use,
            figure: percent(use),
          }))}
        />
      )}
    </>
  )
}

function DeadLetterPanel({ summary }: { summary: Summary | undefined }) {
  const letters = summary?.deadLetters
  return (
    <Panel title="Dead letters" aside={<a href={fragmentOf({ view: 'dead-letters' })}>Inspect</a>}>
      {letters === undefined ? (
        <Skeleton rows={2} />
      ) : letters.total === 0 ? (
        <p class="figure-line good">
          <b>0</b> events were rejected in this range
        </p>
      ) : (
        <>
          <p class="figure-line">
            <b>{count(letters.total)}</b> rejected, {plural(letters.open, 'is', 'are')} open
          </p>
          <Bars
            label="Rejected events by code"
            bars={letters.codes.map(({ code, events }) => ({
              key: code,
              name: (
                <a href={fragmentOf({ view: 'dead-letters', query: { code } })}>
                  <code>{code}</code>
                </a>
              ),
              share: events / letters.total,
              figure: count(events),
              colour: 'var(--bad)',
            }))}
          />
        </>
      )}
    </Panel>
  )
}
