// The labels of the texts that a person typed: one text with everything about it, or a table.
import { useState } from 'preact/hooks'
import type { Classified, Outcome, Tokenized } from '../api/answers.ts'
import { csvText, jsonLines } from '../format/csv.ts'
import { count, percent, plural } from '../format/numbers.ts'
import { ExplainedText, ExplanationLegend } from '../parts/explained-text.tsx'
import { LabelChip, labelName } from '../parts/label-chip.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { Scroll } from '../parts/scroll.tsx'
import { ProbabilityBars } from '../parts/probability-bars.tsx'
import { useAnswer } from '../parts/use-answer.ts'
import { useSession } from '../shell/session.ts'
import { saveFile } from './save-file.ts'

/** Texts with the labels of one model or two. */
export type Tried = {
  readonly texts: readonly string[]
  readonly a: { readonly model: string; readonly results: readonly Outcome[] }
  readonly b: { readonly model: string; readonly results: readonly Outcome[] } | undefined
  readonly tokens: Tokenized | undefined
}

/** The results below the form. */
export function TryResults({ tried }: { tried: Tried }) {
  const [chosen, setChosen] = useState(0)
  return (
    <>
      {tried.texts.length > 1 && <TriedTable tried={tried} chosen={chosen} onChoose={setChosen} />}
      <OneText tried={tried} at={chosen} />
    </>
  )
}

function TriedTable(props: { tried: Tried; chosen: number; onChoose: (at: number) => void }) {
  const { tried, chosen, onChoose } = props
  const { texts, a, b } = tried
  const differing = texts.filter(
    (_, at) => labelOf(a.results[at]) !== labelOf(b?.results[at]),
  ).length
  return (
    <Panel
      title={plural(texts.length, 'text')}
      aside={<Downloads tried={tried} />}
      note={
        b === undefined
          ? undefined
          : differing === 0
            ? `${a.model} and ${b.model} give every text the same label.`
            : `${a.model} and ${b.model} differ in ${count(differing)} of ${count(texts.length)}.`
      }
    >
      <Scroll label="Texts and their labels">
        <table class="list">
          <thead>
            <tr>
              <th scope="col">Text</th>
              <th scope="col">{a.model}</th>
              {b !== undefined && <th scope="col">{b.model}</th>}
            </tr>
          </thead>
          <tbody>
            {texts.map((text, at) => {
              const [one, other] = [a.results[at], b?.results[at]]
              const isDifferent = other !== undefined && labelOf(other) !== labelOf(one)
              return (
                <tr key={at} class={isDifferent ? 'different' : ''} aria-selected={at === chosen}>
                  <td>
                    <button
                      type="button"
                      class="link cut"
                      onClick={() => {
                        onChoose(at)
                      }}
                    >
                      {text}
                    </button>
                  </td>
                  <td>{one && <OutcomeChip outcome={one} />}</td>
                  {other && (
                    <td>
                      <OutcomeChip outcome={other} />
                      {isDifferent && <small class="badge warn">differs</small>}
                    </td>
                  )}
                </tr>
              )
            })}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  )
}

type Rejected = Exclude<Outcome, Classified>

function labelOf(outcome: Outcome | undefined): string {
  return outcome === undefined || 'error' in outcome ? '' : outcome.label
}

function scoreOf(outcome: Outcome | undefined): string {
  return outcome === undefined || 'error' in outcome ? '' : String(outcome.score)
}

function OutcomeChip({ outcome }: { outcome: Outcome }) {
  return 'error' in outcome ? (
    <span class="badge bad" title={outcome.error.message}>
      {outcome.error.code}
    </span>
  ) : (
    <LabelChip label={outcome.label} score={percent(outcome.score)} />
  )
}

function Downloads({ tried }: { tried: Tried }) {
  const rows = tried.texts.map((text, at) => {
    const [a, b] = [tried.a.results[at], tried.b?.results[at]]
    return {
      text,
      model: tried.a.model,
      label: labelOf(a),
      score: scoreOf(a),
      ...(b !== undefined && {
        other_model: tried.b!.model,
        other_label: labelOf(b),
        other_score: scoreOf(b),
      }),
    }
  })
  return (
    <>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          saveFile('labels.csv', csvText(Object.keys(rows[0]!), rows))
        }}
      >
        CSV
      </button>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          saveFile('labels.jsonl', jsonLines(rows))
        }}
      >
        JSONL
      </button>
    </>
  )
}

function OneText({ tried, at }: { tried: Tried; at: number }) {
  const { a, b, texts, tokens } = tried
  const text = texts[at]!
  const [one, other] = [a.results[at], b?.results[at]]
  if (one === undefined) return null
  if ('error' in one || (other !== undefined && 'error' in other)) {
    const error = 'error' in one ? one.error : (other as Rejected).error
    return <p class="inline-error">{error.message}</p>
  }
  const isDifferent = labelOf(other) !== labelOf(one)
  return (
    <>
      <div class={other === undefined ? 'columns' : 'columns two'}>
        <Verdict model={a.model} result={one} />
        {other !== undefined && (
          <Verdict model={b!.model} result={other} isDifferent={isDifferent} />
        )}
        {other === undefined && <Explained text={text} label={one.label} model={a.model} />}
      </div>
      {other !== undefined && (
        <div class="columns two">
          <Explained text={text} label={one.label} model={a.model} />
          <Explained text={text} label={other.label} model={b!.model} />
        </div>
      )}
      {tokens !== undefined && <Tokens tokens={tokens} at={at} text={text} />}
    </>
  )
}

function Verdict(props: { model: string; result: Classified; isDifferent?: boolean }) {
  const { model, result } = props
  return (
    <Panel
      title={model}
      aside={props.isDifferent === true && <span class="badge warn">another label</span>}
    >
      <p class="big-label">
        <LabelChip label={result.label} />
        <b>{percent(result.score)}</b>
      </p>
      <ProbabilityBars probabilities={result.probabilities} outOfScope={result.outOfScope} />
      {result.truncated && <p class="note">The model read only the start of this text.</p>}
    </Panel>
  )
}

function Explained({ text, label, model }: { text: string; label: string; model: string }) {
  const { gateway, me } = useSession()
  const isPossible = me.explain && label !== 'winnow.none' && model === me.model
  const answer = useAnswer(
    (signal) =>
      isPossible ? gateway.explain({ text, label }, signal) : Promise.resolve(undefined),
    [text, label, model, isPossible],
  )
  return (
    <Panel title={`Why ${labelName(label)}?`}>
      <ExplainedText text={text} words={answer.value?.words ?? []} />
      {answer.value !== undefined && <ExplanationLegend label={labelName(label)} />}
      {isPossible && answer.isLoading && <p class="note">Finding the words…</p>}
      {!isPossible && <p class="note">Only the model that serves can be explained here.</p>}
      {answer.error !== undefined && <Failure error={answer.error} retry={answer.reload} />}
    </Panel>
  )
}

function Tokens({ tokens, at, text }: { tokens: Tokenized; at: number; text: string }) {
  const own = tokens.results[at]?.tokens ?? []
  return (
    <Panel
      title="Tokens"
      aside={plural(own.length, 'token')}
      note={`As ${tokens.model} reads them`}
    >
      <p class="tokens">
        {own.map((token, index) => (
          <span
            key={index}
            title={`id ${token.id}${token.end > token.start ? `, “${text.slice(token.start, token.end)}”` : ''}`}
            class={token.special ? 'special' : ''}
          >
            {token.text}
          </span>
        ))}
      </p>
    </Panel>
  )
}
